//! The sensor: what happens on this host's network interfaces, as events.
//!
//! Belongs here: live capture (Linux: an AF_PACKET ring with a filter in the kernel), the host's
//! own interfaces, addresses and names, the local processes behind connections, and giving up rights. Does not belong here: reading
//! packets (`vedette-parse`), drawing conclusions (`vedette-detect`), storing.
//!
//! Sensors see packets before the host's firewall does, so probes that it drops are seen. Packets
//! that the host's own output rules drop are not seen, nor those an XDP program drops.

mod capture;
mod delivery;
mod error;
mod facts;
mod filter;
mod health;
mod interfaces;
mod netlink;
mod overload;
mod owners;
pub mod privilege;
pub mod program;
mod ring;
mod sensor;
mod settings;
mod sys;

pub use error::CaptureError;
pub use facts::{host_name, observer};
pub use health::{Degraded, SensorHealth};
pub use owners::{OwnerHealth, OwnerLimit};
pub use sensor::{Sensor, SensorHandle};
pub use settings::SensorConfig;

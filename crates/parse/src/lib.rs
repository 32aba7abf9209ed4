pub mod packet;
pub mod panos;

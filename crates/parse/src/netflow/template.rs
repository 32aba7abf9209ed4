//! Templates: which fields the records of a data set have, as their exporter told.
//!
//! All of it is bounded: templates, fields, and data sets that wait for a template that is told
//! later.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

const TEMPLATES: usize = 4_096;
const FIELDS: usize = 512;
/// Data sets that wait, and their bytes.
const WAITING: usize = 1_024;
const WAITING_BYTES: usize = 8 << 20;

/// Length of a field that says its own length (IPFIX).
pub(super) const VARIABLE: u16 = 65_535;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) enterprise: u32,
    pub(super) number: u16,
    pub(super) length: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) fields: Vec<Field>,
    /// Its records tell about the exporter, not about flows.
    pub(super) options: bool,
}

impl Template {
    /// Bytes of a record at least; `None` for a template whose records would be empty or absurd.
    pub(super) fn least(&self) -> Option<usize> {
        let length = |field: &Field| if field.length == VARIABLE { 1 } else { usize::from(field.length) };
        let sum: usize = self.fields.iter().map(length).sum();
        (sum > 0 && self.fields.len() <= FIELDS).then_some(sum)
    }
}

/// A template is its exporter's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TemplateKey {
    pub(super) exporter: Option<IpAddr>,
    pub(super) version: u16,
    pub(super) domain: u32,
    pub(super) id: u16,
}

/// A data set that came before its template, with what it takes to read it.
#[derive(Clone, Debug)]
pub(super) struct Waiting<H> {
    pub(super) key: TemplateKey,
    pub(super) head: H,
    pub(super) body: Vec<u8>,
}

#[derive(Default)]
pub(super) struct Templates {
    known: HashMap<TemplateKey, Template>,
    waiting: VecDeque<Waiting<super::datagram::Head>>,
    waiting_bytes: usize,
}

impl Templates {
    pub(super) fn find(&self, key: &TemplateKey) -> Option<&Template> {
        self.known.get(key)
    }

    /// A new or newer template. Beyond the bound new ones are not taken: their data then waits
    /// and is given back.
    pub(super) fn learn(&mut self, key: TemplateKey, template: Template) {
        if template.least().is_some() && (self.known.len() < TEMPLATES || self.known.contains_key(&key)) {
            self.known.insert(key, template);
        }
    }

    /// Keeps a data set until its template comes; false when there is no room.
    pub(super) fn wait(&mut self, key: TemplateKey, head: super::datagram::Head, body: &[u8]) -> bool {
        let room = self.waiting.len() < WAITING && self.waiting_bytes + body.len() <= WAITING_BYTES;
        if room {
            self.waiting_bytes += body.len();
            self.waiting.push_back(Waiting { key, head, body: body.to_vec() });
        }
        room
    }

    /// Data sets whose template has come.
    pub(super) fn ready(&mut self) -> Vec<Waiting<super::datagram::Head>> {
        let (ready, still) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|waiting| self.known.contains_key(&waiting.key));
        self.waiting_bytes = still.iter().map(|waiting| waiting.body.len()).sum();
        self.waiting = still.into();
        ready
    }

    /// What still waits at the end.
    pub(super) fn orphans(&mut self) -> impl Iterator<Item = Vec<u8>> {
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting).into_iter().map(|waiting| waiting.body)
    }
}

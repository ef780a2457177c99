//! Rooms through their public API, without engine or socket.

mod archives;
mod broken_records;
mod charts;
mod check;
mod ci;
pub(crate) mod compare;
mod dockerfile;
mod downloads;
mod image;
mod judge;
mod layers;
mod noise;
mod overhead;
mod parts;
mod published;
mod record;
mod report;
mod reproduce;
mod scenario;
mod starts;
mod stopping;
mod trend;
mod weighing;

//! Rooms through their public API, without engine or socket.

mod archives;
mod broken_records;
mod charts;
mod check;
pub(crate) mod compare;
mod ci;
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
mod weighing;

//! Rooms through their public API, without engine or socket.

mod charts;
mod dockerfile;
mod image;
mod judge;
mod published;
mod record;
mod report;
mod reproduce;
mod scenario;

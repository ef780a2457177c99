//! Rooms through their public API, without engine or socket.

mod dockerfile;
mod image;
mod judge;
mod published;
mod record;
mod report;
mod scenario;

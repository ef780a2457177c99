//! Two records that are set beside each other: they must be of two runs, and told apart.

use std::path::Path;

use crate::cli::{Exit, Failure, plain, printer};
use crate::record::Record;

/// A record with the folder that it was read from.
pub(super) type Placed<'a> = (&'a Path, &'a Record);

/// Refuses a run as its own baseline, under whatever path or as a copy: it can have neither grown nor changed. Of two runs that have one
/// name, as runs of two machines may have, the folders are told.
pub(super) fn are_two((at, baseline): Placed<'_>, (folder, run): Placed<'_>) -> Result<(), Failure> {
    let (at, folder) = (plain::line(&at.to_string_lossy()), plain::line(&folder.to_string_lossy()));
    if baseline.run == run.run && baseline.trials == run.trials {
        let message = format!("the baseline {at} and {folder} are the same run, in which nothing can have changed; name another run");
        return Err(Failure::new(Exit::Usage, message));
    }
    if baseline.run.run_id == run.run.run_id {
        let id = plain::line(&run.run.run_id);
        printer::talk(&format!("note: both runs are called {id}: the baseline is in {at}, the run in {folder}"));
    }
    Ok(())
}

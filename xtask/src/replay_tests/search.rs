//! Looking for a failure: the first seed that has one.
//!
//! Trials begin in the order of their seeds, and several run at a time. So when one has failed, those that began before it are
//! still waited for: the answer is the first in order, however the host was busy.

use super::follow::Trial;

/// What a search has found so far.
#[derive(Default)]
pub(super) struct Search {
    tried: usize,
    /// The failure that comes first in the order of seeds, then names.
    found: Option<Found>,
}

struct Found {
    seed: u64,
    name: String,
    failure: String,
    schedules: Vec<String>,
}

impl Search {
    pub(super) fn trial(&mut self, trial: &Trial) {
        self.tried += 1;
        let Some(failure) = &trial.failure else { return };
        let order = (trial.seed, &trial.name);
        if self.found.as_ref().is_none_or(|found| order < (found.seed, &found.name)) {
            self.found = Some(Found {
                seed: trial.seed,
                name: trial.name.clone(),
                failure: failure.trim_end().to_owned(),
                schedules: trial.schedules.clone(),
            });
        }
    }

    pub(super) fn has_found(&self) -> bool {
        self.found.is_some()
    }

    pub(super) fn tried(&self) -> usize {
        self.tried
    }

    /// What came of it, in a few lines.
    pub(super) fn verdict(&self, fault: Option<&str>) -> String {
        let Some(found) = &self.found else {
            return format!("nothing found in {} trials", self.tried);
        };
        let what = fault.map_or_else(|| "found".to_owned(), |fault| format!("caught {fault}"));
        let line = |start: &str| {
            let found = found.failure.lines().map(str::trim).find(|line| line.starts_with(start));
            found.map(|line| format!("\n  {line}")).unwrap_or_default()
        };
        let how = found.failure.lines().next().unwrap_or_default();
        let how = how.strip_prefix(&format!("{}: ", found.name)).unwrap_or(how);
        let schedules = match found.schedules.as_slice() {
            [] => String::new(),
            digests => format!("\n  schedules of the recordings: {}", digests.join(", ")),
        };
        format!(
            "{what} with seed {}, after {} trials: {}\n  {how}{schedules}{}{}",
            found.seed,
            self.tried,
            found.name,
            line("kept: "),
            line("again: "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(seed: u64, failure: Option<&str>) -> Trial {
        Trial {
            name: format!("s390x/tod/seed-{seed}"),
            scenario: "s390x/tod".to_owned(),
            configuration: String::new(),
            repeatable: true,
            passed: failure.is_none(),
            repeats: 2,
            seed,
            logs: Vec::new(),
            schedules: vec![format!("{seed:04x}")],
            seconds: 0.1,
            failure: failure.map(str::to_owned),
            note: None,
        }
    }

    /// Catches an answer that depends on which of two trials was done first.
    #[test]
    fn the_first_seed_is_the_answer() {
        let text = "s390x/tod/seed-7: recording 2 differs\n  detail\n  kept: /x\n  again: cargo";
        let mut search = Search::default();
        for trial in [trial(6, None), trial(8, Some("later")), trial(7, Some(text))] {
            search.trial(&trial);
        }
        assert!(search.has_found());
        assert_eq!(
            search.verdict(Some("two-writers")),
            "caught two-writers with seed 7, after 3 trials: s390x/tod/seed-7\n  recording 2 differs\n  \
             schedules of the recordings: 0007\n  kept: /x\n  again: cargo"
        );
        assert_eq!(Search::default().verdict(None), "nothing found in 0 trials");
    }
}

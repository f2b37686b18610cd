//! What is shown while trials run: a bar on a terminal, a line for each trial elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::follow::Trial;

pub(super) struct Progress {
    bar: Option<ProgressBar>,
    planned: usize,
    done: usize,
}

impl Progress {
    pub(super) fn new(terminal: bool) -> Self {
        let bar = terminal.then(|| {
            let bar = ProgressBar::new(0);
            let style = "{elapsed_precise} [{bar:30}] {pos}/{len} {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, planned: 0, done: 0 }
    }

    pub(super) fn plan(&mut self, trials: usize) {
        self.planned = trials;
        if let Some(bar) = &self.bar {
            bar.set_length(trials as u64);
        }
    }

    pub(super) fn trial(&mut self, trial: &Trial) {
        self.done += 1;
        let failure =
            trial.failure.as_ref().map(|failure| format!("FAILED {}\n", failure.trim_end()));
        match &self.bar {
            Some(bar) => {
                if let Some(failure) = failure {
                    bar.println(failure);
                }
                bar.set_message(trial.name.clone());
                bar.inc(1);
            }
            None => {
                let outcome = if trial.passed { "passed" } else { "FAILED" };
                let (done, planned, seconds) = (self.done, self.planned, trial.seconds);
                eprintln!("[{done}/{planned}] {outcome} {} ({seconds:.1} s)", trial.name);
                if let Some(failure) = failure {
                    eprintln!("{failure}");
                }
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

//! A failure as a page.
//!
//! A failed CI job leaves a folder of logs, and whoever looks at it first wants one thing: where the two runs part, side by
//! side. The page is one file without anything to load, so that it can be attached, mailed and kept: what happened on
//! both sides, aligned on moments; which thread had which step around it; and the command that does it again.

mod events;
mod lanes;

use std::fmt::{self, Write};

use lockstep_log::DivergenceReport;

pub use lanes::{LaneStep, Lanes};

/// What the page says.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The trial's name.
    pub title: String,
    /// What failed, in a line.
    pub failure: String,
    /// What there is to know in a few words: seed, engine, where the folder is.
    pub facts: Vec<(&'static str, String)>,
    /// The command that runs it again.
    pub command: String,
    /// Where the sides part, if events tell.
    pub divergence: Option<DivergenceReport>,
    /// Which thread went when, in each process whose schedule was written down.
    pub schedules: Vec<Lanes>,
    /// Everything, as a text.
    pub text: String,
}

impl Page {
    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = escape(&self.title);
        writeln!(f, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
        writeln!(f, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
        writeln!(f, "<title>{title}</title>\n<style>\n{}</style>", include_str!("page/style.css"))?;
        writeln!(f, "</head>\n<body>\n<h1>{title}</h1>")?;
        writeln!(f, "<p class=\"failure\">{}</p>\n<dl>", escape(&self.failure))?;
        for (name, value) in &self.facts {
            writeln!(f, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value))?;
        }
        writeln!(f, "</dl>\n<h2>Again</h2>\n<pre id=\"again\">{}</pre>", escape(&self.command))?;
        if let Some(divergence) = &self.divergence {
            events::write(f, divergence)?;
        }
        for schedule in &self.schedules {
            schedule.write(f)?;
        }
        writeln!(f, "<h2>In full</h2>\n<pre>{}</pre>\n</body>\n</html>", escape(&self.text))
    }
}

/// Text between tags or in an attribute. Guests print what they like: control characters are spelled out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => {
                let _ = write!(escaped, "{}", c.escape_default());
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Nanoseconds as seconds.
fn seconds(ns: u64) -> String {
    format!("{}.{:09} s", ns / 1_000_000_000, ns % 1_000_000_000)
}

#[cfg(test)]
mod tests;

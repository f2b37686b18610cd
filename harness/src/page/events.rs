//! Two columns of events, one moment a row.

use std::fmt::{self, Write};

use lockstep_log::{DivergenceReport, ReportLine};

use super::{escape, seconds};

/// What both sides have at a moment.
#[derive(Default)]
struct Row<'a> {
    expected: Option<&'a ReportLine>,
    actual: Option<&'a ReportLine>,
    differs: bool,
}

impl Row<'_> {
    fn line(&self) -> Option<&ReportLine> {
        let sides = [self.expected, self.actual].into_iter().flatten();
        sides.max_by_key(|line| line.retired.is_some())
    }
}

/// Whether both sides have this event.
fn is_same(a: &ReportLine, b: &ReportLine) -> bool {
    (a.retired, a.ordinal, &a.vcpu, &a.what) == (b.retired, b.ordinal, &b.vcpu, &b.what)
}

/// Puts lines of one moment side by side. A side that has nothing stands beside what the other one has.
fn rows(lines: &[ReportLine]) -> Vec<Row<'_>> {
    let of = |who: &'static str| lines.iter().filter(move |line| line.who == who);
    let mut rows: Vec<Row<'_>> = of("both")
        .map(|line| Row { expected: Some(line), actual: Some(line), differs: false })
        .collect();
    let moment = |line: &ReportLine| (line.retired, line.ordinal);
    let (mut expected, mut actual) = (of("expected").peekable(), of("actual").peekable());
    loop {
        let (left, right) = (expected.peek().copied(), actual.peek().copied());
        let (take_left, take_right) = match (left, right) {
            (None, None) => return rows,
            (Some(_), None) => (true, false),
            (None, Some(_)) => (false, true),
            (Some(left), Some(right)) if left.retired.is_none() || right.retired.is_none() => {
                (true, true)
            }
            (Some(left), Some(right)) => {
                (moment(left) <= moment(right), moment(right) <= moment(left))
            }
        };
        let expected = if take_left { expected.next() } else { None };
        let actual = if take_right { actual.next() } else { None };
        let differs = [expected, actual].into_iter().flatten().any(|line| line.differs);
        // Where one side has an event more, the other's first is often one that both have.
        let same = expected.zip(actual).is_some_and(|(a, b)| is_same(a, b));
        rows.push(Row { expected, actual, differs: differs && !same });
    }
}

pub(super) fn write(f: &mut fmt::Formatter<'_>, divergence: &DivergenceReport) -> fmt::Result {
    writeln!(f, "<h2 id=\"divergence\">{}</h2>", escape(&divergence.summary))?;
    writeln!(f, "<dl>\n<dt>moment</dt><dd>{}</dd>", escape(&divergence.moment))?;
    if let Some(time) = divergence.time_ns {
        writeln!(f, "<dt>virtual time</dt><dd>{}</dd>", seconds(time))?;
    }
    writeln!(f, "<dt>vCPU</dt><dd>{}</dd>", escape(&divergence.vcpu))?;
    if let Some(pc) = divergence.pc {
        let symbol = divergence.symbol.as_ref().map(|symbol| format!(" <{symbol}>"));
        let place = format!("{pc:#x}{}", symbol.unwrap_or_default());
        writeln!(f, "<dt>pc</dt><dd>{}</dd>", escape(&place))?;
    }
    if let Some(instruction) = &divergence.instruction {
        writeln!(f, "<dt>instruction</dt><dd><code>{}</code></dd>", escape(instruction))?;
    }
    writeln!(f, "</dl>\n<div class=\"wide\">\n<table id=\"events\">\n<thead><tr><th>moment</th>")?;
    writeln!(f, "<th>virtual time</th><th>expected</th><th>actual</th></tr></thead>\n<tbody>")?;
    for row in rows(&divergence.lines) {
        write_row(f, &row)?;
    }
    writeln!(f, "</tbody>\n</table>\n</div>")
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Row<'_>) -> fmt::Result {
    let common = row.expected.zip(row.actual).is_some_and(|(a, b)| is_same(a, b));
    let class = match (row.differs, common) {
        (true, _) => " class=\"differs\"",
        (_, true) => " class=\"common\"",
        _ => "",
    };
    let (mut moment, mut time) = (String::new(), String::new());
    if let Some(line) = row.line() {
        if let (Some(retired), Some(ordinal)) = (line.retired, line.ordinal) {
            let _ = write!(moment, "{retired}.{ordinal}");
        }
        time = line.time_ns.map(seconds).unwrap_or_default();
    }
    write!(f, "<tr{class}><td class=\"number\">{moment}</td><td class=\"number\">{time}</td>")?;
    for (name, line) in [("expected", row.expected), ("actual", row.actual)] {
        let text = match line {
            Some(ReportLine { vcpu: Some(vcpu), what, .. }) => escape(&format!("{vcpu}  {what}")),
            Some(_) => "nothing".to_owned(),
            None => String::new(),
        };
        write!(f, "<td class=\"{name}\">{text}</td>")?;
    }
    writeln!(f, "</tr>")
}

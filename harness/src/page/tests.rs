use super::*;

use lockstep_log::ReportLine;

fn line(who: &str, differs: bool, retired: u64, what: &str) -> ReportLine {
    ReportLine {
        who: who.to_owned(),
        differs,
        retired: Some(retired),
        ordinal: Some(0),
        time_ns: Some(retired * 4),
        vcpu: Some("cpu0".to_owned()),
        what: what.to_owned(),
    }
}

/// A page that has everything, with what a guest could print to break it.
pub(crate) fn sample() -> Page {
    let lines = vec![
        line("both", false, 10, "warp to=40ns"),
        line("expected", true, 20, "interrupt irq pc=0x80"),
        line("expected", false, 50, "console-out port=0 \"<script>alert(1)</script>\""),
        line("actual", true, 30, "interrupt irq pc=0x80"),
        line("actual", false, 50, "console-out port=0 \"<script>alert(1)</script>\""),
    ];
    let divergence = DivergenceReport {
        summary: "interrupt did not happen".to_owned(),
        moment: "20.0".to_owned(),
        time_ns: Some(80),
        vcpu: "cpu0".to_owned(),
        pc: Some(0x80),
        symbol: Some("start+0x8".to_owned()),
        instruction: Some("add x0, x1, x2".to_owned()),
        lines,
    };
    let step = |number: u64| LaneStep {
        number,
        thread: usize::from(number.is_multiple_of(3)),
        site: "send".to_owned(),
        preempts: number == 1009,
    };
    let steps = (1000..1020).map(step).collect();
    let threads = vec!["machine".to_owned(), "log".to_owned()];
    let schedules = vec![Lanes { name: "recording-2".to_owned(), threads, steps }];
    Page {
        title: "aarch64/timer/interp/cpu/random/seed-7".to_owned(),
        failure: "recording 2 differs from recording 1:".to_owned(),
        facts: vec![("seed", "7".to_owned())],
        command: "cargo xtask replay-tests --scenario aarch64/timer --seed 7".to_owned(),
        divergence: Some(divergence),
        schedules,
        text: "a\u{1b}[31mb & <b>".to_owned(),
    }
}

/// Catches a page that what a guest prints can break, or that hides what a terminal would have obeyed.
#[test]
fn what_guests_print_is_text() {
    let html = sample().html();
    assert!(!html.contains("<script>") && !html.contains("<b>") && !html.contains('\u{1b}'));
    assert!(
        html.contains("&lt;script&gt;alert(1)") && html.contains(r"a\u{1b}[31mb &amp; &lt;b&gt;")
    );
}

/// Catches a page that needs something from elsewhere.
#[test]
fn the_page_loads_nothing() {
    let html = sample().html();
    for reference in ["http:", "https:", "url(", "src=", "href=", "@import"] {
        assert!(!html.contains(reference), "{reference}");
    }
}

/// Catches steps that are drawn on another thread's lane, and lanes that are empty because the format of schedules moved on.
#[test]
fn lanes_are_those_of_a_saved_schedule() {
    let text = "lockstep schedule 1\npolicy random, seed 3\nthread 0 machine\nthread 1 log-writer\n\
                step 1: thread 0 (machine) at send -> thread 1 (log-writer) at begin\n\
                end\n# step 33: 0 at join, of 0 1 goes 1\n# step 34: 1 at end, of 0 goes 0\n";
    let lanes = Lanes::from_saved("recording-1", text);
    assert_eq!(lanes.threads, ["machine", "log-writer"]);
    let step = |number, thread, site: &str, preempts| LaneStep {
        number,
        thread,
        site: site.to_owned(),
        preempts,
    };
    assert_eq!(lanes.steps, [step(33, 1, "join", true), step(34, 0, "end", false)]);
}

/// Catches events of different moments in one row, and events of one moment in two.
#[test]
fn events_are_aligned_on_moments() {
    let html = sample().html();
    let row = |moment: &str| {
        let start = html.find(&format!("<td class=\"number\">{moment}</td>")).expect("is there");
        html[start..].split("</tr>").next().expect("a row").to_owned()
    };
    assert!(row("20.0").contains("<td class=\"actual\"></td>"), "{}", row("20.0"));
    assert!(row("30.0").contains("<td class=\"expected\"></td>"), "{}", row("30.0"));
    assert_eq!(row("50.0").matches("console-out").count(), 2);
    assert_eq!(html.matches("<td class=\"number\">50.0</td>").count(), 1);
    assert_eq!(html.matches("<tr class=\"differs\">").count(), 2);
}

/// Catches an event that both sides have and that is shown as the difference, because one side had another before it.
#[test]
fn what_both_have_does_not_differ() {
    let mut page = sample();
    let report = page.divergence.as_mut().expect("has one");
    report.lines = vec![
        line("expected", true, 20, "due cpu0:1"),
        line("expected", false, 30, "interrupt irq pc=0x80"),
        line("actual", true, 30, "interrupt irq pc=0x80"),
    ];
    let html = page.html();
    assert_eq!(html.matches("<tr class=\"differs\">").count(), 1);
    assert_eq!(html.matches("<tr class=\"common\">").count(), 1);
}

/// Catches a side that ended being left out.
#[test]
fn nothing_is_said() {
    let mut page = sample();
    let report = page.divergence.as_mut().expect("has one");
    report.lines.retain(|line| line.who != "actual");
    report.lines.push(ReportLine {
        who: "actual".to_owned(),
        differs: true,
        retired: None,
        ordinal: None,
        time_ns: None,
        vcpu: None,
        what: String::new(),
    });
    let html = page.html();
    let row = html.split("<tr class=\"differs\">").nth(1).expect("a row");
    let row = row.split("</tr>").next().expect("its end");
    assert!(row.contains("20.0") && row.contains("<td class=\"actual\">nothing</td>"), "{row}");
}

/// Looks at the page as a browser has laid it out; the verdict becomes the page's text.
const PROBE: &str = r##"<script>
const wrong = [];
const box = (element) => element.getBoundingClientRect();
const all = (query) => [...document.querySelectorAll(query)];
for (const row of all("#events tbody tr")) {
    const tops = [...row.children].map((cell) => box(cell).top);
    if (new Set(tops).size !== 1) wrong.push("a row is not one line: " + row.textContent);
}
const differing = all("tr.differs td.expected, tr.differs td.actual");
if (differing.length !== 4) wrong.push(differing.length + " differing cells");
const plain = getComputedStyle(all("tr.common td")[2]).backgroundColor;
if (getComputedStyle(differing[0]).backgroundColor === plain) wrong.push("the difference does not stand out");
if (document.documentElement.scrollWidth > innerWidth) wrong.push("wider than the window");
const steps = all(".lanes rect.step");
if (steps.length !== 20) wrong.push(steps.length + " steps");
if (steps.some((step) => box(step).width < 5 || box(step).height < 5)) wrong.push("steps too small to see");
if (new Set(steps.map((step) => box(step).top)).size !== 2) wrong.push("lanes on top of one another");
if (all(".lanes line.preempts").length !== 1) wrong.push("no mark where a thread was not let");
if (all("script").length !== 1) wrong.push("somebody else's script");
document.body.textContent = "PROBED " + innerWidth + " " + (wrong.join("; ") || "nothing wrong");
</script></body>"##;

fn browser() -> Option<&'static str> {
    let there = |name: &&str| {
        let version = std::process::Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(there)
}

/// Catches a page that no browser lays out as it is meant: rows that are not one line, lanes that lie on one another, a page
/// that has to be scrolled sideways, on a desk or on a telephone.
#[test]
fn a_browser_shows_it() {
    let Some(browser) = browser() else {
        println!("not tried: chromium is not installed");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    let probed = sample().html().replace("</body>", PROBE);
    std::fs::write(&file, probed).expect("written");
    for width in [1280, 600] {
        let output = std::process::Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--virtual-time-budget=2000", "--dump-dom"])
            .arg(format!("--window-size={width},900"))
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("file://{}", file.display()))
            .output()
            .expect("the browser runs");
        let shown = String::from_utf8_lossy(&output.stdout);
        let verdict = shown.split("PROBED ").nth(1).unwrap_or(&shown);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(verdict.contains("nothing wrong"), "{width}: {verdict}\n{said}");
    }
}

/// Not a test, but a page to look at.
#[test]
#[ignore = "writes the page to the file that LOCKSTEP_PAGE names"]
fn write_the_sample() {
    let file = std::env::var_os("LOCKSTEP_PAGE").expect("LOCKSTEP_PAGE");
    std::fs::write(file, sample().html()).expect("written");
}

//! What can only be seen from outside of a process: signals, its terminal, its resource limits.
//!
//! Each test starts this test program again to run [`child`] in it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lockstep_core::{Door, Input, Moment, Offer};
use lockstep_host::signals::StopOnSignal;
use lockstep_host::{Baton, ChannelDoor, Console, ConsoleOptions, FileSink};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Tells [`child`] what to do.
const ROLE: &str = "LOCKSTEP_HOST_TEST_ROLE";
/// The file that it writes.
const FILE: &str = "LOCKSTEP_HOST_TEST_FILE";

#[test]
#[ignore = "runs in a process that the other tests start"]
fn child() {
    match std::env::var(ROLE).as_deref() {
        Ok("record") => record(),
        Ok(role) => run(role),
        Err(_) => {}
    }
}

/// A run without a machine: says what comes through the door until it is told to stop.
fn run(role: &str) {
    let baton = Baton::os();
    let (sender, receiver) = baton.channel(16);
    let _signals = StopOnSignal::install(&baton, sender.urgent()).expect("signals");
    // Keeps an idle run alive where standard input is at its end.
    let _sender = sender.clone();
    let options = ConsoleOptions::default();
    let (console, output) = Console::stdio(&baton, sender, options).expect("a console");
    let mut door = ChannelDoor::new(receiver, 1);
    output.write(format!("\r\nready {}\r\n", std::process::id()).into_bytes());
    while let Offer::Input(input) = door.idle(Moment::START, None) {
        output.write(format!("<{input:?}>\r\n").into_bytes());
        if input == Input::PowerKey {
            let faulty = baton.spawn("faulty", || panic!("on purpose"));
            let panicked = faulty.expect("started").join().expect_err("it panicked");
            output.write(format!("{panicked}\r\n").into_bytes());
        }
        if input == Input::Stop && role != "stubborn" {
            break;
        }
    }
    console.finish(output).expect("no panic");
}

fn record() {
    let path = std::env::var_os(FILE).expect("a file");
    let sink = FileSink::create(&Baton::os(), Path::new(&path)).expect("created");
    while sink.push(vec![7; 1000]).is_ok() {}
    println!("\n{}", sink.finish().expect_err("no room"));
}

/// A shell for which every signal means what it means at a terminal. Whoever started the tests may have them ignored
/// (`nohup`, a job in the background), and what is ignored is inherited.
fn shell() -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,QUIT,TERM", "sh"]);
    command
}

/// A command that runs `prelude`, and then [`child`] as `role`, in a shell.
fn command(prelude: &str, role: &str) -> Command {
    let mut command = shell();
    command
        .args(["-c", &format!("{prelude}\n\"$0\" \"$@\"\nstatus=$?; AFTER; exit $status")])
        .arg(std::env::current_exe().expect("this program"))
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(ROLE, role);
    command
}

/// Starts [`child`] on pipes, in place of its shell, and waits until it is ready.
fn start(prelude: &str, role: &str) -> (Child, Pid, BufReader<impl Read>) {
    let mut child = shell()
        .args(["-c", &format!("{prelude}\nexec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().expect("this program"))
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let pid = Pid::from_child(&child);
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.starts_with("ready") {
        line.clear();
        assert_ne!(output.read_line(&mut line).expect("text"), 0, "ended before it was ready");
    }
    (child, pid, output)
}

fn rest(mut output: BufReader<impl Read>) -> String {
    let mut text = String::new();
    output.read_to_string(&mut text).expect("text");
    text
}

/// Waits for the next line that tells of a stop.
fn await_stop(output: &mut BufReader<impl Read>) {
    let mut line = String::new();
    output.read_line(&mut line).expect("text");
    assert_eq!(line, "<Stop>\r\n");
}

/// Catches a SIGTERM or Ctrl-C that ends the process in the middle of its recording, or not at all.
#[test]
fn the_first_request_to_end_stops_the_run_in_good_order() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (mut child, pid, output) = start("", "obedient");
        kill_process(pid, signal).expect("sent");
        let text = rest(output);
        assert!(text.starts_with("<Stop>\r\n"), "{signal:?}: {text}");
        assert!(child.wait().expect("ended").success(), "{signal:?}: {text}");
    }
}

/// Catches a run that hangs at its end and cannot be ended.
#[test]
fn the_second_request_ends_the_process() {
    let (mut child, pid, mut output) = start("", "stubborn");
    kill_process(pid, Signal::INT).expect("sent");
    await_stop(&mut output);
    kill_process(pid, Signal::TERM).expect("sent");
    let status = child.wait().expect("ended");
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()), "{status}");
}

/// Catches a run under `nohup` that stops when its user logs out.
#[test]
fn an_ignored_signal_stays_ignored() {
    let (mut child, pid, mut output) = start("trap '' HUP", "stubborn");
    kill_process(pid, Signal::HUP).expect("sent");
    // The first request if the other was ignored; the second, and so the end, if it was not.
    kill_process(pid, Signal::TERM).expect("sent");
    await_stop(&mut output);
    kill_process(pid, Signal::QUIT).expect("sent");
    let status = child.wait().expect("ended");
    assert_eq!(status.signal(), Some(Signal::QUIT.as_raw()), "{status}");
}

/// Catches a file size limit that kills the process, and a partial chunk that stays in the recording.
#[test]
fn a_partial_chunk_is_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    // In a shell, 4 is 4 * 512 bytes or 4 * 1024 bytes: neither is a whole number of chunks.
    let output = command("AFTER() { :; }; ulimit -f 4", "record").env(FILE, &path).output();
    let output = output.expect("run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let kept = fs::metadata(&path).expect("there").len();
    assert!([2000, 4000].contains(&kept), "{kept} bytes were kept");
    let error = format!(
        "cannot write '{}': File too large (os error 27); its first {kept} bytes are kept",
        path.display()
    );
    assert!(text.contains(&error), "{text}");
}

/// Runs [`child`] on a terminal of its own, between two looks at the terminal's settings, and does `act` to it.
fn on_a_terminal(role: &str, act: impl FnOnce(&mut rexpect::session::PtySession, Pid)) {
    let looks = "stty -g > \"$LOOKS/before\"; AFTER() { stty -g > \"$LOOKS/after\"; }";
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = command(looks, role);
    command.env("LOOKS", folder.path());
    let mut session = rexpect::session::spawn_command(command, Some(10_000)).expect("started");
    session.exp_string("ready ").expect("ready");
    let pid = session.read_line().expect("a process number");
    let pid = Pid::from_raw(pid.trim().parse().expect("a number")).expect("not 0");
    act(&mut session, pid);
    session.exp_eof().expect("the end");
    let look = |name| fs::read_to_string(folder.path().join(name)).expect("a look");
    assert_ne!(look("before"), "");
    assert_eq!(look("before"), look("after"), "the terminal is not as it was found");
}

/// Catches keys that the host's terminal keeps for itself, and a terminal that is left raw at the end.
#[test]
fn a_terminal_gives_every_key_and_is_restored() {
    on_a_terminal("obedient", |session, _| {
        for (keys, seen) in [
            ("a", "<Console { port: 0, bytes: [97] }>"),
            ("\r", "<Console { port: 0, bytes: [13] }>"),
            ("\x03", "<Console { port: 0, bytes: [3] }>"),
            ("\x1a", "<Console { port: 0, bytes: [26] }>"),
            ("\x13", "<Console { port: 0, bytes: [19] }>"),
            ("\x01\x01", "<Console { port: 0, bytes: [1] }>"),
            ("\x01h", "Ctrl-A x  stop the run"),
            ("\x01r", "<Reset>"),
            ("\x01x", "<Stop>"),
        ] {
            session.send(keys).expect("sent");
            session.flush().expect("sent");
            session.exp_string(seen).unwrap_or_else(|error| panic!("{keys:?}: {error}"));
        }
    });
}

/// Catches a terminal that is left raw when a signal ends the process at once.
#[test]
fn a_terminal_is_restored_when_a_signal_ends_the_process() {
    on_a_terminal("stubborn", |session, pid| {
        kill_process(pid, Signal::TERM).expect("sent");
        session.exp_string("<Stop>").expect("stopped");
        kill_process(pid, Signal::TERM).expect("sent");
    });
}

/// Catches a panic whose message cannot be read, because the terminal is still raw when it is printed.
#[test]
fn a_terminal_is_restored_before_a_panic_is_told() {
    on_a_terminal("stubborn", |session, pid| {
        session.send("\x01p").expect("sent");
        session.flush().expect("sent");
        // On a restored terminal a line of the message ends in CR LF; on a raw one, in LF alone.
        session.exp_string("on purpose\r\n").expect("told");
        session.exp_string("the faulty thread panicked: on purpose").expect("reported");
        kill_process(pid, Signal::QUIT).expect("sent");
    });
}

/// Catches a terminal that is no longer raw after the run was stopped and continued: a shell sets it up for itself
/// meanwhile.
#[test]
fn a_terminal_is_raw_again_after_a_pause() {
    on_a_terminal("obedient", |session, pid| {
        let terminal = session.process().get_file_handle().expect("the terminal");
        let mut modes = tcgetattr(&terminal).expect("modes");
        assert!(!modes.local_modes.contains(LocalModes::ICANON), "not raw to begin with");
        modes.local_modes.insert(LocalModes::ICANON);
        tcsetattr(&terminal, OptionalActions::Now, &modes).expect("set");
        kill_process(pid, Signal::CONT).expect("sent");
        let start = Instant::now();
        while tcgetattr(&terminal).expect("modes").local_modes.contains(LocalModes::ICANON) {
            assert!(start.elapsed() < Duration::from_secs(10), "not raw again");
            std::thread::sleep(Duration::from_millis(1));
        }
        session.send("\x01x").expect("sent");
        session.flush().expect("sent");
    });
}

use super::*;

fn debugger() -> Semihosting {
    Semihosting::new("a b".to_owned(), [1, 2, 3, 4], 0)
}

/// Catches a host file that can be opened, handles that are reused while they are open, and errors that go unsaid.
#[test]
fn files() {
    let mut debugger = debugger();
    assert_eq!(debugger.open(b"/etc/passwd", 0), FAILED);
    assert_eq!(debugger.state.errno, errno::EACCES);
    assert_eq!(debugger.open(b":semihosting-features", 4), FAILED);
    assert_eq!(debugger.open(b":tt", 12), FAILED);
    assert_eq!(debugger.state.errno, errno::EINVAL);
    assert_eq!([0, 4, 8].map(|mode| debugger.open(b":tt", mode)), [1, 2, 3]);
    assert_eq!(debugger.file(1), Some(&mut File::ConsoleIn));
    assert_eq!(debugger.file(3), Some(&mut File::ConsoleOut));
    debugger.state.files[1] = None;
    assert_eq!(debugger.file(2), None);
    assert_eq!(debugger.open(b":semihosting-features", 0), 2);
    for wrong in [0, 4, u64::MAX] {
        debugger.state.errno = 0;
        assert_eq!(debugger.file(wrong), None);
        assert_eq!(debugger.state.errno, errno::EBADF);
    }
    let opened = (0..100).filter(|_| debugger.open(b":tt", 4) != FAILED).count();
    assert_eq!((opened, debugger.state.errno), (HANDLES - 3, errno::EMFILE));
}

/// Catches state that a snapshot loses.
#[test]
fn saves_everything() {
    let mut one = debugger();
    one.open(b":semihosting-features", 0);
    one.fail(5);
    let mut saved = Saved::default();
    one.save("x", &mut saved);
    let mut other = debugger();
    other.restore("x", &saved).unwrap();
    assert_eq!(one, other);
    other.reset();
    assert_eq!(other, debugger());
}

fn with_files() -> Semihosting {
    let mut debugger = debugger();
    let file = |name: &str, text: &str| (name.to_owned(), std::sync::Arc::new(text.into()));
    debugger.folder = Some([file("a", "one"), file("below/b", "two")].into());
    debugger
}

/// Catches names that lead out of the folder, and folders that are opened as files.
#[test]
fn names_stay_in_the_folder() {
    let mut debugger = with_files();
    for (name, errno) in [
        ("../a", errno::EACCES),
        ("below/../../a", errno::EACCES),
        ("/a", errno::EACCES),
        ("a\0", errno::EACCES),
        (":a", errno::EACCES),
        ("", errno::ENOENT),
        ("./", errno::ENOENT),
        ("below", errno::EISDIR),
        ("c", errno::ENOENT),
    ] {
        assert_eq!(debugger.open(name.as_bytes(), 0), FAILED, "{name:?}");
        assert_eq!(debugger.state.errno, errno, "{name:?}");
    }
    assert_eq!(debugger.open(b"\xff", 0), FAILED);
    assert_eq!(debugger.open(b"./below//b", 0), 1);
}

/// Catches a folder that a guest changes for good, changes that a snapshot loses or that a reset takes back, and outputs that
/// are given twice.
#[test]
fn changes_are_the_machines() {
    let mut one = with_files();
    assert_eq!(one.open(b"a", 8), 1);
    let Some(File::Plain(mut open)) = one.file(1).cloned() else { panic!("not a plain file") };
    one.plain().write(&mut open, b"!!").unwrap();
    one.plain().remove("below/b").unwrap();
    assert_eq!(one.plain().contents("a"), Some(&b"one!!"[..]));
    let mut saved = Saved::default();
    one.save("x", &mut saved);
    let mut other = with_files();
    other.restore("x", &saved).unwrap();
    assert_eq!(one, other);
    let output = |name: &str, contents: Option<&[u8]>| lockstep_core::Output::File {
        name: name.to_owned(),
        contents: contents.map(<[u8]>::to_vec),
    };
    let expected = [output("a", Some(b"one!!")), output("below/b", None)];
    assert_eq!(other.plain().take_fresh(), expected);
    assert_eq!(other.plain().take_fresh(), []);
    other.reset();
    assert_eq!(other.open(b"below/b", 0), FAILED);
    assert_eq!(with_files().plain().contents("a"), Some(&b"one"[..]));
}

/// Catches a guest that takes as much memory as it likes, in one file, in several, or in names, and a file that is counted
/// against itself.
#[test]
fn files_are_bounded() {
    let mut debugger = with_files();
    debugger.open(b"big", 4);
    let Some(File::Plain(mut open)) = debugger.file(1).cloned() else { panic!("not a plain file") };
    open.at = u64::MAX - 1;
    assert_eq!(debugger.plain().write(&mut open, b"12"), Err(errno::ENOSPC));
    open.at = 256 << 20;
    assert_eq!(debugger.plain().write(&mut open, b"1"), Err(errno::ENOSPC));
    open.at = (130 << 20) - 1;
    assert_eq!(debugger.plain().write(&mut open, b"1"), Ok(()));
    assert_eq!(debugger.plain().write(&mut open, b"2"), Ok(()));
    let mut other = debugger.plain().open("other".to_owned(), Mode::from_number(4)).unwrap();
    other.at = 126 << 20;
    assert_eq!(debugger.plain().write(&mut other, b"1"), Err(errno::ENOSPC));
    let make = |n: u32| debugger.plain().open(format!("more/{n}"), Mode::from_number(4)).is_ok();
    assert_eq!((0..5000).map(make).filter(|made| *made).count(), 4096 - 2);
    let made = (0..100).filter(|_| debugger.open(b"big", 0) != FAILED).count();
    assert!(made < HANDLES && debugger.state.errno == errno::EMFILE);
}

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

//! What holds under every policy.

use super::*;

/// Catches a wake-up that is lost when it comes between finding that one has to wait and waiting.
#[test]
fn a_wake_up_before_the_wait_is_not_lost() {
    let baton = Baton::os();
    let point = baton.wait_point("a test");
    let ticket = point.ticket();
    baton.wake(&point);
    let limit = Some(Duration::from_secs(5));
    assert_eq!(baton.wait(Site::Receive, &point, ticket, limit), Woken::Called);
}

/// Catches a limit that is ignored, or that ends a wait at once.
#[test]
fn a_wait_ends_at_its_limit() {
    let baton = Baton::os();
    let point = baton.wait_point("a test");
    let start = Instant::now();
    let limit = Duration::from_millis(30);
    let woken = baton.wait(Site::Receive, &point, point.ticket(), Some(limit));
    assert_eq!(woken, Woken::TimedOut);
    assert!(start.elapsed() >= limit);
}

//! Boards, the run loop, recording and replaying.

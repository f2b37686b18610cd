//! Memory for host code.
//!
//! Memory that can be written and executed at the same address is an invitation. The same pages are therefore mapped
//! twice: once for writing, once for executing. Code is only ever added; when there is no more room, everything is
//! dropped at once, which needs no bookkeeping per region.

#![expect(unsafe_code, reason = "mapping memory, and making slices of it")]

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Bytes of code at most.
const LEN: usize = 64 << 20;
/// Alignment of a function.
const ALIGN: usize = 32;

/// Host code.
pub(crate) struct Arena {
    writable: *mut u8,
    executable: *const u8,
    used: usize,
}

// SAFETY: the mappings belong to the arena alone; who has it may use them, on any thread.
unsafe impl Send for Arena {}

impl Arena {
    /// An empty arena; `None` when the host has no memory for it.
    pub(crate) fn new() -> Option<Self> {
        let file = memfd_create("lockstep-code", MemfdFlags::CLOEXEC).ok()?;
        ftruncate(&file, LEN as u64).ok()?;
        let map = |protection| {
            // SAFETY: a new mapping at an address that the system chooses takes nothing from anybody.
            unsafe { mmap(std::ptr::null_mut(), LEN, protection, MapFlags::SHARED, &file, 0) }
        };
        let writable = map(ProtFlags::READ | ProtFlags::WRITE).ok()?;
        match map(ProtFlags::READ | ProtFlags::EXEC) {
            Ok(executable) => {
                Some(Self { writable: writable.cast(), executable: executable.cast(), used: 0 })
            }
            Err(_) => {
                // SAFETY: mapped above, and nobody else knows of it.
                let _ = unsafe { munmap(writable, LEN) };
                None
            }
        }
    }

    /// Adds code, and gives the address at which it can be called until [`Arena::clear`]; `None` when it is full.
    pub(crate) fn add(&mut self, code: &[u8]) -> Option<*const u8> {
        let at = self.used.next_multiple_of(ALIGN);
        let end = at.checked_add(code.len()).filter(|end| *end <= LEN)?;
        // SAFETY: `at..end` lies within both mappings, and nothing runs there: it was not handed out before, or
        // all that was has been dropped by `clear`.
        unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), self.writable.add(at), code.len());
        }
        self.used = end;
        // SAFETY: within the mapping, as above.
        Some(unsafe { self.executable.add(at) })
    }

    /// Forgets all code. The caller has no address of it any more.
    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: both were mapped with this length in `new`, and the arena was their only user.
        unsafe {
            let _ = munmap(self.writable.cast(), LEN);
            let _ = munmap(self.executable.cast_mut().cast(), LEN);
        }
    }
}

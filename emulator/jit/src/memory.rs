//! Memory for host code.
//!
//! Memory that can be written and executed at the same address is an invitation. The same pages are therefore mapped
//! twice: once for writing, once for executing. Code is only ever added; when there is no more room, everything is
//! dropped at once, which needs no bookkeeping per region.

#![expect(unsafe_code, reason = "mapping memory, and handing it to the module")]

use std::io;
use std::sync::Arc;

use cranelift_codegen::isa::TargetIsa;
use cranelift_jit::{BranchProtection, JITBuilder, JITMemoryKind, JITMemoryProvider, JITModule};
use cranelift_module::{Module, ModuleResult, default_libcall_names};
use rustix::mm::{
    MapFlags, MprotectFlags, MremapFlags, ProtFlags, mmap_anonymous, mprotect, mremap, munmap,
};

/// Bytes of code at most.
const LEN: usize = 64 << 20;
/// Alignment of a function.
const ALIGN: u64 = 32;

/// Pages that are mapped twice.
struct Mapping {
    writable: *mut u8,
    executable: *const u8,
}

// SAFETY: nothing but addresses, of mappings that live as long as this does.
unsafe impl Send for Mapping {}
// SAFETY: as above; only the provider of the current generation writes.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// The memory is anonymous: a file would count against the user's limit on the size of files.
    fn new() -> Option<Self> {
        let both = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address that the system chooses takes nothing from anybody.
        let writable =
            unsafe { mmap_anonymous(std::ptr::null_mut(), LEN, both, MapFlags::SHARED) }.ok()?;
        // SAFETY: with an old length of zero, pages that are shared are mapped a second time, and the first mapping stays.
        let again = unsafe { mremap(writable, 0, LEN, MremapFlags::MAYMOVE) };
        let run = MprotectFlags::READ | MprotectFlags::EXEC;
        // SAFETY: mapped just now, and nobody else knows of it.
        let executable = again.ok().filter(|at| unsafe { mprotect(*at, LEN, run) }.is_ok());
        let Some(executable) = executable else {
            // SAFETY: mapped above, and nobody else knows of them.
            unsafe {
                let _ = munmap(writable, LEN);
                let _ = again.map(|at| munmap(at, LEN));
            }
            return None;
        };
        Some(Self { writable: writable.cast(), executable: executable.cast() })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: both were mapped with this length in `new`, and who has an address in them has the mapping, too.
        unsafe {
            let _ = munmap(self.writable.cast(), LEN);
            let _ = munmap(self.executable.cast_mut().cast(), LEN);
        }
    }
}

/// Gives a generation's module memory from the mapping, from its start to its end, once.
struct Provider {
    mapping: Arc<Mapping>,
    used: usize,
}

impl JITMemoryProvider for Provider {
    fn allocate(&mut self, size: usize, align: u64, _: JITMemoryKind) -> io::Result<*mut u8> {
        let at = self.used.next_multiple_of(align.max(ALIGN) as usize);
        let end = at.checked_add(size).filter(|end| *end <= LEN);
        self.used = end.ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: `at` lies within the mapping.
        Ok(unsafe { self.mapping.writable.add(at) })
    }

    unsafe fn free_memory(&mut self) {}

    fn finalize(&mut self, _: BranchProtection) -> ModuleResult<()> {
        Ok(())
    }
}

/// Host code, in a module that is begun anew when there is no more room.
pub(crate) struct CodeMemory {
    isa: Arc<dyn TargetIsa>,
    mapping: Arc<Mapping>,
    module: JITModule,
}

impl CodeMemory {
    /// Empty memory; `None` when the host has none to give.
    pub(crate) fn new(isa: Arc<dyn TargetIsa>) -> Option<Self> {
        let mapping = Arc::new(Mapping::new()?);
        let module = module(&isa, &mapping);
        Some(Self { isa, mapping, module })
    }

    /// Adds code, and gives the address at which it can be called until [`CodeMemory::clear`]; `None` when it is full.
    pub(crate) fn add(&mut self, code: &[u8]) -> Option<*const u8> {
        let signature = self.module.make_signature();
        let function = self.module.declare_anonymous_function(&signature).ok()?;
        self.module.define_function_bytes(function, ALIGN, code, &[]).ok()?;
        self.module.finalize_definitions().ok()?;
        let written = self.module.get_finalized_function(function);
        let offset = written.addr() - self.mapping.writable.addr();
        // SAFETY: the provider gave memory within the mapping, which is as long to execute as it is to write.
        Some(unsafe { self.mapping.executable.add(offset) })
    }

    /// Forgets all code. The caller has no address of it any more.
    pub(crate) fn clear(&mut self) {
        self.module = module(&self.isa, &self.mapping);
    }
}

fn module(isa: &Arc<dyn TargetIsa>, mapping: &Arc<Mapping>) -> JITModule {
    let mut builder = JITBuilder::with_isa(Arc::clone(isa), default_libcall_names());
    builder.memory_provider(Box::new(Provider { mapping: Arc::clone(mapping), used: 0 }));
    JITModule::new(builder)
}

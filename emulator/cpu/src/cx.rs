//! What an executing instruction can touch, and the interpreter's way of computing.
//!
//! [`Cx`] owns one running vCPU and the machine around it, for as long as the vCPU runs. It implements [`Emit`] by
//! computing at once; the same accesses, translations and helpers serve compiled code.

use lockstep_core::{Backplane, StopReason, VcpuId};
use lockstep_memory::{DeviceCx, PhysMem, WriteOutcome};

use crate::{
    Access, Binary, BusError, Compare, DeviceHit, Emit, Fetch, Guest, Helper, Mem, Platform,
    PowerState, Reg, Size, TlbEntry, Translation, Traps, Unary, Vcpu, WatchHit, Width,
};

const PAGE: u64 = 4096;

/// What ends an instruction early.
#[derive(Clone, Debug)]
pub enum Exit<G: Guest> {
    /// The vCPU takes a synchronous exception.
    Exception(G::Exception),
    /// The run ends.
    Stop(Box<StopReason>),
}

/// Something that a vCPU asks of the machine; done before the next instruction.
#[derive(Clone, Debug)]
pub enum Request<G: Guest> {
    /// Every other vCPU does this.
    Broadcast(G::Request),
    /// Powers a vCPU on.
    PowerOn {
        /// Which; it exists and is off.
        vcpu: VcpuId,
        /// Its first instruction.
        entry: u64,
        /// Its first argument.
        arg: u64,
    },
    /// Ends the run.
    Stop(StopReason),
    /// Resets the machine.
    Reset,
}

/// A running vCPU and the machine around it.
pub struct Cx<G: Guest> {
    /// The vCPU.
    pub cpu: Vcpu<G>,
    /// Guest physical memory.
    pub mem: PhysMem,
    /// Time, calendar, journal, outputs.
    pub bp: Backplane,
    /// The devices.
    pub platform: Box<G::Platform>,
    /// What the machine is asked to do before the next instruction.
    pub requests: Vec<Request<G>>,
    /// The power state of every vCPU; the machine keeps it.
    pub powers: Vec<PowerState>,
    /// What every vCPU shows the others, see [`Guest::shows`]; the machine keeps it.
    pub shown: Vec<u32>,
    /// The address of the instruction after the one that is executing, unless it branches.
    pub next_pc: u64,
    /// Instructions left until the engine looks up.
    pub left: u64,
    /// Instructions left after it has looked up.
    pub(crate) held: u64,
    /// The count of retired instructions at the end of the budget.
    pub(crate) end: u64,
    /// What a debugger wants to stop at. Not state.
    traps: Traps,
    /// Not zero when data accesses have to be looked at: it keeps them from the fast path.
    watching: u64,
}

impl<G: Guest> Cx<G> {
    /// Puts a vCPU into its surroundings.
    #[must_use]
    pub fn new(cpu: Vcpu<G>, mem: PhysMem, bp: Backplane, platform: Box<G::Platform>) -> Self {
        Self {
            cpu,
            mem,
            bp,
            platform,
            requests: Vec::new(),
            powers: Vec::new(),
            shown: Vec::new(),
            next_pc: 0,
            left: 0,
            held: 0,
            end: 0,
            traps: Traps::default(),
            watching: 0,
        }
    }

    /// Replaces what a debugger wants to stop at.
    pub fn set_traps(&mut self, traps: Traps) {
        // Neither data nor code of a page that is looked at may be known to compiled code.
        self.mem.forget_pointers();
        self.watching = u64::from(traps.watching());
        self.traps = traps;
    }

    /// What a debugger wants to stop at.
    #[inline(always)]
    #[must_use]
    pub const fn traps(&self) -> &Traps {
        &self.traps
    }

    /// The same, to take hits out.
    pub const fn traps_mut(&mut self) -> &mut Traps {
        &mut self.traps
    }

    /// Whether the instruction at the pc is one to stop before: there is a breakpoint, it can be fetched, and the machine
    /// was not told to go on from just here. `retired` are the instructions before it.
    #[must_use]
    pub fn at_breakpoint(&self, retired: u64) -> bool {
        self.traps.at(self.cpu.pc)
            && self.traps.passed != retired
            && peek(&self.cpu, &self.mem, self.cpu.pc).is_some()
    }

    /// Stops before the instruction at the pc when there is a breakpoint. Says whether it does.
    pub(crate) fn stop_at_breakpoint(&mut self) -> bool {
        let stops = self.at_breakpoint(self.end - self.left - self.held);
        if stops {
            self.attend();
        }
        stops
    }

    /// Notes a data access that a watchpoint may want.
    #[cold]
    fn note_access(&mut self, address: u64, mem: Mem, writes: bool, old: Option<u64>, new: u64) {
        let (address, len) = (G::untag(&self.cpu, address), mem.size.bytes());
        if self.traps.wants(address, len, writes) {
            let (vcpu, pc) = (self.cpu.id, self.cpu.pc);
            let hit = WatchHit { watch: 0, vcpu, pc, address, len: len as u8, writes, old, new };
            self.traps.note(hit);
            self.attend();
        }
    }

    /// Notes an access to a device that a debugger may want to stop at.
    #[cold]
    fn note_device(&mut self, address: u64, len: u8, writes: bool, value: Option<u64>) {
        let (vcpu, pc) = (self.cpu.id, self.cpu.pc);
        let device = String::new();
        if self.traps.note_device(&DeviceHit { device, vcpu, pc, address, len, writes, value }) {
            self.attend();
        }
    }

    /// What memory holds where an access goes, asking no device.
    fn held_at(&self, first: u64, second: Option<u64>, address: u64, mem: Mem) -> Option<u64> {
        let size = mem.size.bytes() as usize;
        let split = second.map_or(size, |_| (PAGE - address % PAGE) as usize);
        let mut bytes = [0; 8];
        self.mem.read_bytes(first, &mut bytes[..split]).ok()?;
        if let Some(second) = second {
            self.mem.read_bytes(second, &mut bytes[split..size]).ok()?;
        }
        Some(from_bytes::<G>(&bytes[..size]))
    }

    /// The devices, and what they may reach.
    pub fn devices(&mut self) -> (&mut G::Platform, DeviceCx<'_>) {
        (&mut self.platform, DeviceCx { mem: &mut self.mem, bp: &mut self.bp })
    }

    /// Instructions left of the whole budget, whether the engine looks up before or not.
    #[inline]
    #[must_use]
    pub const fn rest(&self) -> u64 {
        self.left + self.held
    }

    /// What follows is done between two instructions, not by one: to be called before memory is accessed outside an
    /// engine's run, so that what happens has the moment of the boundary.
    pub fn between_instructions(&mut self) {
        self.end = self.bp.retired + 1;
        self.left = 0;
        self.held = 0;
    }

    /// Makes the engine look up before the next instruction.
    #[inline]
    pub fn look_up(&mut self) {
        self.held += self.left;
        self.left = 0;
    }

    /// Makes the engine return to the run loop before the next instruction.
    pub fn attend(&mut self) {
        self.bp.attention = true;
        self.look_up();
    }

    /// Asks the machine for something before the next instruction.
    pub fn ask(&mut self, request: Request<G>) {
        self.requests.push(request);
        self.attend();
    }

    /// Forgets where instructions come from: the next fetch asks the TLB. For whatever the architecture says can change
    /// the translation of instructions.
    pub fn refetch(&mut self) {
        self.cpu.fetch = None;
        self.look_up();
    }

    /// Makes `bp.retired` the count before the executing instruction.
    #[inline]
    fn sync(&mut self) {
        self.bp.retired = (self.end - self.left - self.held).saturating_sub(1);
    }

    /// Makes `bp.retired` the count before the instruction that has just faulted.
    pub(crate) fn sync_after_fault(&mut self) {
        self.sync();
    }

    #[inline]
    fn attend_if_wanted(&mut self) {
        if self.bp.attention || self.mem.has_code_writes() {
            self.look_up();
        }
    }

    fn bus_error(
        &mut self,
        error: BusError,
        address: u64,
        access: Access,
        mem: Option<Mem>,
    ) -> Exit<G> {
        match error {
            BusError::Abort => Exit::Exception(G::bus_abort(self, address, access, mem)),
            BusError::Unimplemented(report) => {
                let report = format!("{report} (pc {:#x})", self.cpu.pc);
                Exit::Stop(Box::new(StopReason::Unimplemented(report)))
            }
        }
    }

    /// Translates an address: by the TLB, or by walking the page tables and filling it.
    pub fn translate(
        &mut self,
        address: u64,
        access: Access,
        user: bool,
    ) -> Result<Translation, Exit<G>> {
        let mode = if user { 0 } else { self.cpu.mmu.mode };
        let untagged = G::untag(&self.cpu, address);
        let mmu = self.cpu.mmu;
        let space = if access == Access::Execute { mmu.fetch_space } else { mmu.space };
        let entry = match self.cpu.tlb.find(untagged, space, mode, access) {
            Some(entry) => entry,
            None => {
                self.sync();
                let entry = G::walk(self, address, access, user)?;
                #[cfg(feature = "faults")]
                crate::faults::choose_victim(&mut self.cpu.tlb, &self.bp.faults);
                self.cpu.tlb.fill(entry);
                self.bp.witness(lockstep_core::What::TlbFill {
                    page: entry.page << 12,
                    frame: entry.frame << 12,
                    attributes: entry.attributes(),
                });
                entry
            }
        };
        if access.writes() && entry.is_guarded(mode) {
            G::check_guarded(self, untagged).map_err(Exit::Exception)?;
        }
        Ok(Translation { address: entry.physical(address), device: entry.device })
    }

    /// The physical page of the next instruction, asking the TLB when the fetch page changes.
    #[inline]
    pub fn fetch_frame(&mut self) -> Result<u64, Exit<G>> {
        // Also sees a misaligned pc, which stays within a page: a fault wherever instructions are aligned.
        let same = !(PAGE - 1) | (G::INSN_ALIGN - 1);
        match self.cpu.fetch {
            Some(fetch) if ((fetch.page * PAGE) ^ self.cpu.pc) & same == 0 => Ok(fetch.frame),
            _ => self.fetch_other_page(),
        }
    }

    /// A fetch that fails counts as an instruction, and what happens during a fetch happens before it.
    fn fetch_other_page(&mut self) -> Result<u64, Exit<G>> {
        self.left -= 1;
        G::check_pc(self).map_err(Exit::Exception)?;
        let translation = self.translate(self.cpu.pc, Access::Execute, self.cpu.mmu.mode == 0)?;
        self.left += 1;
        let (page, frame) = (self.cpu.pc / PAGE, translation.address / PAGE);
        self.cpu.fetch = Some(Fetch { page, frame });
        Ok(frame)
    }

    /// Translates all bytes of a data access, and refuses misaligned ones that the guest does not allow. The second
    /// address is that of the first byte on the next page.
    fn translate_data(
        &mut self,
        address: u64,
        mem: Mem,
        access: Access,
    ) -> Result<(u64, Option<u64>), Exit<G>> {
        let size = mem.size.bytes();
        let misaligned = address & (size - 1) != 0;
        if misaligned && (mem.aligned || self.cpu.mmu.align) {
            return Err(Exit::Exception(G::misaligned(self, address, access)));
        }
        let first = self.translate(address, access, mem.user)?;
        if misaligned && first.device {
            return Err(Exit::Exception(G::misaligned(self, address, access)));
        }
        let to_page_end = PAGE - address % PAGE;
        let second = if to_page_end >= size {
            None
        } else {
            let second = self.translate(address.wrapping_add(to_page_end), access, mem.user)?;
            if second.device {
                return Err(Exit::Exception(G::misaligned(self, address, access)));
            }
            Some(second.address)
        };
        if self.cpu.watched {
            self.sync();
            G::watch(self, address, mem, access)?;
        }
        Ok((first.address, second))
    }

    #[cold]
    #[inline(never)]
    fn load_slow(&mut self, address: u64, mem: Mem) -> Result<u64, Exit<G>> {
        let access = if mem.update { Access::Update } else { Access::Read };
        let places = self.translate_data(address, mem, access)?;
        let value = self.load_from(places, address, mem, access)?;
        if self.watching != 0 {
            self.note_access(address, mem, false, Some(value), value);
        }
        Ok(value)
    }

    /// The load of the interpreter, as far as it concerns memory alone; `None`, with nothing done but translating, when a
    /// device has to answer or somebody has to hear of it.
    pub fn load_memory(&mut self, address: u64, mem: Mem) -> Result<Option<u64>, Exit<G>> {
        let access = if mem.update { Access::Update } else { Access::Read };
        let (first, second) = self.translate_data(address, mem, access)?;
        let device = |physical| !self.mem.is_memory(physical);
        if self.watching != 0 || device(first) || second.is_some_and(device) {
            return Ok(None);
        }
        self.load_from((first, second), address, mem, access).map(Some)
    }

    /// Loads from physical addresses, see [`Cx::translate_data`].
    fn load_from(
        &mut self,
        (first, second): (u64, Option<u64>),
        address: u64,
        mem: Mem,
        access: Access,
    ) -> Result<u64, Exit<G>> {
        let size = mem.size.bytes();
        let Some(second) = second else {
            return self.read_physical(first, size as u8, address, access, mem);
        };
        let split = (PAGE - address % PAGE) as u8;
        let mut bytes = [0; 8];
        for place in 0..size as u8 {
            let from = if place < split {
                first + u64::from(place)
            } else {
                second + u64::from(place - split)
            };
            bytes[usize::from(place)] = self.read_physical(from, 1, address, access, mem)? as u8;
        }
        Ok(from_bytes::<G>(&bytes[..size as usize]))
    }

    fn read_physical(
        &mut self,
        physical: u64,
        size: u8,
        address: u64,
        access: Access,
        mem: Mem,
    ) -> Result<u64, Exit<G>> {
        let direct = match size {
            1 => self.mem.read::<1>(physical).map(|b| from_bytes::<G>(&b)),
            2 => self.mem.read::<2>(physical).map(|b| from_bytes::<G>(&b)),
            4 => self.mem.read::<4>(physical).map(|b| from_bytes::<G>(&b)),
            _ => self.mem.read::<8>(physical).map(|b| from_bytes::<G>(&b)),
        };
        if let Some(value) = direct {
            return Ok(value);
        }
        self.sync();
        let (platform, mut cx) = self.devices();
        let result = platform.read(&mut cx, physical, size);
        self.attend_if_wanted();
        if self.traps.watches_devices() {
            self.note_device(physical, size, false, result.as_ref().ok().copied());
        }
        result.map_err(|error| self.bus_error(error, address, access, Some(mem)))
    }

    #[cold]
    #[inline(never)]
    fn store_slow(&mut self, address: u64, value: u64, mem: Mem) -> Result<(), Exit<G>> {
        let (first, second) = self.translate_data(address, mem, Access::Write)?;
        if self.watching == 0 {
            return self.store_to((first, second), address, value, mem);
        }
        let old = self.held_at(first, second, address, mem);
        self.store_to((first, second), address, value, mem)?;
        let stored = value & (u64::MAX >> (64 - mem.size.bits()));
        self.note_access(address, mem, true, old, stored);
        Ok(())
    }

    /// The store of the interpreter, as far as it concerns memory alone; says no, with nothing done but translating, when
    /// a device, an engine or somebody else has to hear of it.
    pub fn store_memory(&mut self, address: u64, value: u64, mem: Mem) -> Result<bool, Exit<G>> {
        let (first, second) = self.translate_data(address, mem, Access::Write)?;
        let size = mem.size.bytes();
        let here = second.map_or(size, |_| PAGE - address % PAGE);
        let quiet = self.watching == 0
            && self.mem.is_quiet(first, here as usize)
            && second.is_none_or(|second| self.mem.is_quiet(second, (size - here) as usize));
        if quiet {
            self.store_to((first, second), address, value, mem)?;
        }
        Ok(quiet)
    }

    /// Stores to physical addresses, see [`Cx::translate_data`].
    fn store_to(
        &mut self,
        (first, second): (u64, Option<u64>),
        address: u64,
        value: u64,
        mem: Mem,
    ) -> Result<(), Exit<G>> {
        let size = mem.size.bytes();
        let Some(second) = second else {
            return self.write_physical(first, size as u8, value, address, mem);
        };
        let split = (PAGE - address % PAGE) as u8;
        for place in 0..size as u8 {
            let to = if place < split {
                first + u64::from(place)
            } else {
                second + u64::from(place - split)
            };
            let shift = if G::BIG_ENDIAN { size as u8 - 1 - place } else { place } * 8;
            self.write_physical(to, 1, value >> shift & 0xff, address, mem)?;
        }
        Ok(())
    }

    fn write_physical(
        &mut self,
        physical: u64,
        size: u8,
        value: u64,
        address: u64,
        mem: Mem,
    ) -> Result<(), Exit<G>> {
        let outcome = match size {
            1 => self.mem.write(physical, [value as u8]),
            2 => self.mem.write(physical, bytes_of::<G, 2>(value)),
            4 => self.mem.write(physical, bytes_of::<G, 4>(value)),
            _ => self.mem.write(physical, bytes_of::<G, 8>(value)),
        };
        match outcome {
            WriteOutcome::Memory => Ok(()),
            WriteOutcome::Code => {
                self.look_up();
                Ok(())
            }
            WriteOutcome::NotMemory => {
                self.sync();
                let (platform, mut cx) = self.devices();
                let result = platform.write(&mut cx, physical, size, value);
                self.attend_if_wanted();
                if self.traps.watches_devices() {
                    let value = value & (u64::MAX >> (64 - 8 * u32::from(size)));
                    self.note_device(physical, size, true, result.is_ok().then_some(value));
                }
                result.map_err(|error| self.bus_error(error, address, Access::Write, Some(mem)))
            }
        }
    }

    /// Reads a physical address as a page-table walker does; `None` where there is no memory.
    #[must_use]
    pub fn read_table(&self, physical: u64) -> Option<u64> {
        self.mem.read::<8>(physical).map(|bytes| from_bytes::<G>(&bytes))
    }
}

/// Where an address leads for a processor at present: by its TLB as it is, or by its page tables; whoever may access it.
/// For people who look on: changes nothing.
pub fn peek<G: Guest>(cpu: &Vcpu<G>, mem: &PhysMem, address: u64) -> Option<TlbEntry> {
    let untagged = G::untag(cpu, address);
    cpu.tlb.peek(untagged, cpu.mmu.space).or_else(|| G::look(cpu, mem, untagged))
}

#[inline(always)]
fn from_bytes<G: Guest>(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    if G::BIG_ENDIAN {
        all[8 - bytes.len()..].copy_from_slice(bytes);
        u64::from_be_bytes(all)
    } else {
        all[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(all)
    }
}

#[inline(always)]
fn bytes_of<G: Guest, const N: usize>(value: u64) -> [u8; N] {
    let mut bytes = [0; N];
    if G::BIG_ENDIAN {
        bytes.copy_from_slice(&value.to_be_bytes()[8 - N..]);
    } else {
        bytes.copy_from_slice(&value.to_le_bytes()[..N]);
    }
    bytes
}

/// The interpreter: computes at once, on concrete values.
impl<G: Guest> Emit<G> for Cx<G> {
    type V = u64;
    type Exit = Exit<G>;

    #[inline(always)]
    fn imm(&mut self, value: u64) -> u64 {
        value
    }

    #[inline(always)]
    fn pc(&mut self) -> u64 {
        self.cpu.pc
    }

    #[inline(always)]
    fn get(&mut self, reg: Reg) -> u64 {
        self.cpu.regs[usize::from(reg) % crate::REGS]
    }

    #[inline(always)]
    fn put(&mut self, reg: Reg, value: u64) {
        self.cpu.regs[usize::from(reg) % crate::REGS] = value;
    }

    #[inline(always)]
    fn vget(&mut self, reg: u8, half: u8) -> u64 {
        let both = self.cpu.vregs[usize::from(reg) % crate::VREGS];
        if half == 0 { both as u64 } else { (both >> 64) as u64 }
    }

    #[inline(always)]
    fn vput(&mut self, reg: u8, half: u8, value: u64) {
        let both = &mut self.cpu.vregs[usize::from(reg) % crate::VREGS];
        let shift = if half == 0 { 0 } else { 64 };
        *both = *both & !(u128::from(u64::MAX) << shift) | u128::from(value) << shift;
    }

    #[inline(always)]
    fn unary(&mut self, op: Unary, w: Width, a: u64) -> u64 {
        let a = a & w.mask();
        let spare = 64 - w.bits();
        let result = match op {
            Unary::Not => !a,
            Unary::Neg => a.wrapping_neg(),
            Unary::Clz => u64::from(a.leading_zeros() - spare),
            Unary::Ctz => u64::from(a.trailing_zeros().min(w.bits())),
            Unary::Popcount => u64::from(a.count_ones()),
            Unary::ReverseBits => a.reverse_bits() >> spare,
            Unary::ReverseBytes => a.swap_bytes() >> spare,
            Unary::Sext8 => a as i8 as u64,
            Unary::Sext16 => a as i16 as u64,
            Unary::Sext32 => a as i32 as u64,
        };
        result & w.mask()
    }

    #[inline(always)]
    fn binary(&mut self, op: Binary, w: Width, a: u64, b: u64) -> u64 {
        let (a, b) = (a & w.mask(), b & w.mask());
        let shift = b as u32 & (w.bits() - 1);
        let signed = |v: u64| if w == Width::W32 { i64::from(v as i32) } else { v as i64 };
        let result = match op {
            Binary::Add => a.wrapping_add(b),
            Binary::Sub => a.wrapping_sub(b),
            Binary::Mul => a.wrapping_mul(b),
            Binary::UmulHigh => ((u128::from(a) * u128::from(b)) >> w.bits()) as u64,
            Binary::SmulHigh => {
                ((i128::from(signed(a)) * i128::from(signed(b))) >> w.bits()) as u64
            }
            Binary::Udiv => a.checked_div(b).unwrap_or(0),
            Binary::Sdiv if b == 0 => 0,
            Binary::Sdiv => signed(a).wrapping_div(signed(b)) as u64,
            Binary::Urem => a.checked_rem(b).unwrap_or(a),
            Binary::Srem if b == 0 => a,
            Binary::Srem => signed(a).wrapping_rem(signed(b)) as u64,
            Binary::And => a & b,
            Binary::Or => a | b,
            Binary::Xor => a ^ b,
            Binary::Shl => a << shift,
            Binary::Shr => a >> shift,
            Binary::Sar => (signed(a) >> shift) as u64,
            Binary::Ror => match w {
                Width::W32 => u64::from((a as u32).rotate_right(shift)),
                Width::W64 => a.rotate_right(shift),
            },
        };
        result & w.mask()
    }

    #[inline(always)]
    fn compare(&mut self, op: Compare, w: Width, a: u64, b: u64) -> u64 {
        let (a, b) = (a & w.mask(), b & w.mask());
        let up = 64 - w.bits();
        let (sa, sb) = ((a << up) as i64, (b << up) as i64);
        u64::from(match op {
            Compare::Eq => a == b,
            Compare::Ne => a != b,
            Compare::Ult => a < b,
            Compare::Ule => a <= b,
            Compare::Slt => sa < sb,
            Compare::Sle => sa <= sb,
        })
    }

    #[inline(always)]
    fn select(&mut self, c: u64, a: u64, b: u64) -> u64 {
        if c != 0 { a } else { b }
    }

    #[inline(always)]
    fn when(
        &mut self,
        c: u64,
        then: impl FnOnce(&mut Self) -> Result<(), Exit<G>>,
    ) -> Result<(), Exit<G>> {
        if c != 0 { then(self) } else { Ok(()) }
    }

    #[inline(always)]
    fn if_else(
        &mut self,
        c: u64,
        then: impl FnOnce(&mut Self) -> Result<(), Exit<G>>,
        otherwise: impl FnOnce(&mut Self) -> Result<(), Exit<G>>,
    ) -> Result<(), Exit<G>> {
        if c != 0 { then(self) } else { otherwise(self) }
    }

    #[inline(always)]
    fn load(&mut self, address: u64, mem: Mem) -> Result<u64, Exit<G>> {
        if (address & (mem.size.bytes() - 1)) | self.watching | u64::from(self.cpu.watched) == 0
            && !mem.update
        {
            let mode = if mem.user { 0 } else { self.cpu.mmu.mode };
            let space = self.cpu.mmu.space;
            if let Some(physical) = self.cpu.tlb.hit(address, space, mode, Access::Read) {
                let direct = match mem.size {
                    Size::B1 => self.mem.read::<1>(physical).map(|b| from_bytes::<G>(&b)),
                    Size::B2 => self.mem.read::<2>(physical).map(|b| from_bytes::<G>(&b)),
                    Size::B4 => self.mem.read::<4>(physical).map(|b| from_bytes::<G>(&b)),
                    Size::B8 => self.mem.read::<8>(physical).map(|b| from_bytes::<G>(&b)),
                };
                if let Some(value) = direct {
                    return Ok(value);
                }
            }
        }
        self.load_slow(address, mem)
    }

    #[inline(always)]
    fn store(&mut self, address: u64, value: u64, mem: Mem) -> Result<(), Exit<G>> {
        if (address & (mem.size.bytes() - 1)) | self.watching | u64::from(self.cpu.watched) == 0 {
            let mode = if mem.user { 0 } else { self.cpu.mmu.mode };
            let space = self.cpu.mmu.space;
            if let Some(physical) = self.cpu.tlb.hit(address, space, mode, Access::Write) {
                let outcome = match mem.size {
                    Size::B1 => self.mem.write(physical, [value as u8]),
                    Size::B2 => self.mem.write(physical, bytes_of::<G, 2>(value)),
                    Size::B4 => self.mem.write(physical, bytes_of::<G, 4>(value)),
                    Size::B8 => self.mem.write(physical, bytes_of::<G, 8>(value)),
                };
                match outcome {
                    WriteOutcome::Memory => return Ok(()),
                    WriteOutcome::Code => {
                        self.look_up();
                        return Ok(());
                    }
                    WriteOutcome::NotMemory => {}
                }
            }
        }
        self.store_slow(address, value, mem)
    }

    #[inline(always)]
    fn select_space(&mut self, register: Reg) {
        G::select_space(self, register);
    }

    #[inline(always)]
    fn jump_rel(&mut self, offset: i64) {
        self.next_pc = self.cpu.pc.wrapping_add_signed(offset);
    }

    #[inline(always)]
    fn jump(&mut self, target: u64) {
        self.next_pc = target;
    }

    #[inline(always)]
    fn branch_rel(&mut self, c: u64, offset: i64) {
        if c != 0 {
            self.next_pc = self.cpu.pc.wrapping_add_signed(offset);
        }
    }

    #[inline]
    fn call(&mut self, helper: Helper<G>, args: [u64; 3]) -> Result<u64, Exit<G>> {
        self.sync();
        let result = helper(self, args);
        if self.bp.attention {
            self.look_up();
        }
        result
    }

    #[inline]
    fn raise(&mut self, exception: G::Exception) -> Result<(), Exit<G>> {
        Err(Exit::Exception(exception))
    }
}

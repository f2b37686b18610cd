//! What the protocol's library asks of a target.

use std::convert::Infallible;

use gdbstub::common::{Signal, Tid};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadRangeStepping, MultiThreadRangeSteppingOps, MultiThreadResume,
    MultiThreadResumeOps, MultiThreadSchedulerLocking, MultiThreadSchedulerLockingOps,
    MultiThreadSingleStep, MultiThreadSingleStepOps,
};
use gdbstub::target::ext::base::reverse_exec::{
    ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
};
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps,
    SwBreakpoint, SwBreakpointOps, WatchKind as GdbWatchKind,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::ext::thread_extra_info::{ThreadExtraInfo, ThreadExtraInfoOps};
use gdbstub::target::{Target, TargetError, TargetResult};
use lockstep_core::VcpuId;
use lockstep_machine::{InspectError, PowerState, Watch, WatchKind};
use lockstep_timeline::TimelineError;

use crate::arch::{AnyGuest, Blob, Number};
use crate::debuggee::{Debuggee, Direction, Plan, tid_of, vcpu_of};
use crate::monitor;

/// EFAULT: nothing is there.
const NOTHING_THERE: u8 = 14;
/// EINVAL: it cannot be that.
const INVALID: u8 = 22;
/// ESRCH: there is no such thread.
const NO_THREAD: u8 = 3;

impl Target for Debuggee {
    type Arch = AnyGuest;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Self::Arch, Self::Error> {
        BaseOps::MultiThread(self)
    }

    fn use_fork_stop_reason(&self) -> bool {
        false
    }

    fn use_vfork_stop_reason(&self) -> bool {
        false
    }

    fn use_vforkdone_stop_reason(&self) -> bool {
        false
    }

    fn use_lldb_register_info(&self) -> bool {
        false
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }
}

impl Debuggee {
    /// Notes that a write has opened a branch: a debugger listens to messages only while something runs.
    fn after_write(&mut self, was_on_branch: bool) {
        if let Some(began) = self.timeline.branch().filter(|_| !was_on_branch) {
            self.notices.push(format!(
                "lockstep: a branch was opened at {began}: the recording is as it was, `monitor branch drop` returns \
                 to it\n"
            ));
        }
    }

    fn write_register_value(
        &mut self,
        tid: Tid,
        number: usize,
        value: u128,
    ) -> TargetResult<(), Self> {
        let vcpu = vcpu_of(tid);
        if self.machine().register(vcpu, number) == Some(value) {
            return Ok(());
        }
        let branch = self.timeline.branch().is_some();
        let result = self.timeline.set_register(vcpu, number, value);
        self.after_write(branch);
        result.map_err(|error| self.refuse(&error))
    }

    /// Why something that the debugger asked for was not done.
    fn refuse(&mut self, error: &TimelineError) -> TargetError<Infallible> {
        self.notices.push(format!("lockstep: {error}\n"));
        TargetError::Errno(match error {
            TimelineError::Inspect(InspectError::NoVcpu(_)) => NO_THREAD,
            TimelineError::Inspect(InspectError::Register { .. }) => INVALID,
            _ => NOTHING_THERE,
        })
    }

    /// The vCPU that is to step: the one that stopped, when there is none of that number.
    fn steppable(&self, tid: Tid) -> VcpuId {
        if self.check_tid(tid).is_ok() { vcpu_of(tid) } else { self.stopped }
    }

    fn check_tid(&self, tid: Tid) -> TargetResult<(), Self> {
        let exists = vcpu_of(tid).index() < self.machine().vcpus().len();
        if exists { Ok(()) } else { Err(TargetError::Errno(NO_THREAD)) }
    }
}

impl MultiThreadBase for Debuggee {
    fn read_registers(&mut self, regs: &mut Blob, tid: Tid) -> TargetResult<(), Self> {
        self.check_tid(tid)?;
        regs.0 = self.registers.read_all(self.machine(), vcpu_of(tid));
        Ok(())
    }

    fn write_registers(&mut self, regs: &Blob, tid: Tid) -> TargetResult<(), Self> {
        self.check_tid(tid)?;
        let bytes: Vec<u8> = regs.0.iter().map(|byte| byte.unwrap_or(0)).collect();
        let changes = self.registers.changes(self.machine(), vcpu_of(tid), &bytes);
        for (number, value) in changes.ok_or(TargetError::Errno(INVALID))? {
            self.write_register_value(tid, number, value)?;
        }
        Ok(())
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, Tid, Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, start: u64, data: &mut [u8], tid: Tid) -> TargetResult<usize, Self> {
        let (machine, vcpu) = (self.timeline.machine(), vcpu_of(tid));
        if machine.read_virtual(vcpu, start, data).is_ok() {
            return Ok(data.len());
        }
        // A debugger that asked for more than there is gets what there is, up to the end of a page.
        let mut read = 0;
        while read < data.len() {
            let at = start.wrapping_add(read as u64);
            let left = (4096 - at % 4096) as usize;
            let end = data.len().min(read + left);
            if machine.read_virtual(vcpu, at, &mut data[read..end]).is_err() {
                break;
            }
            read = end;
        }
        if read == 0 { Err(TargetError::Errno(NOTHING_THERE)) } else { Ok(read) }
    }

    fn write_addrs(&mut self, start: u64, data: &[u8], tid: Tid) -> TargetResult<(), Self> {
        self.check_tid(tid)?;
        // Debuggers ask whether they may write by writing nothing.
        if data.is_empty() {
            return Ok(());
        }
        let branch = self.timeline.branch().is_some();
        let result = self.timeline.write_virtual(vcpu_of(tid), start, data);
        self.after_write(branch);
        result.map_err(|error| self.refuse(&error))
    }

    /// The one that stopped goes first: a debugger that has just attached takes that one.
    fn list_active_threads(&mut self, found: &mut dyn FnMut(Tid)) -> Result<(), Infallible> {
        // Asked for when a debugger has stopped for its user.
        self.stuck = false;
        let stopped = self.stopped;
        found(tid_of(stopped));
        let others = self.machine().vcpus().into_iter().filter(|info| info.id != stopped);
        others.for_each(|info| found(tid_of(info.id)));
        Ok(())
    }

    fn is_thread_alive(&mut self, tid: Tid) -> Result<bool, Infallible> {
        Ok(self.check_tid(tid).is_ok())
    }

    fn support_resume(&mut self) -> Option<MultiThreadResumeOps<'_, Self>> {
        Some(self)
    }

    fn support_thread_extra_info(&mut self) -> Option<ThreadExtraInfoOps<'_, Self>> {
        Some(self)
    }
}

impl SingleRegisterAccess<Tid> for Debuggee {
    fn read_register(
        &mut self,
        tid: Tid,
        reg: Number,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        self.check_tid(tid)?;
        let number = reg.0 as usize;
        let value = self.machine().register(vcpu_of(tid), number).unwrap_or(0);
        let bytes = self.registers.encode(number, value).ok_or(TargetError::Errno(INVALID))?;
        let place = buf.get_mut(..bytes.len()).ok_or(TargetError::NonFatal)?;
        place.copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn write_register(&mut self, tid: Tid, reg: Number, val: &[u8]) -> TargetResult<(), Self> {
        self.check_tid(tid)?;
        let number = reg.0 as usize;
        let value = self.registers.decode(number, val).ok_or(TargetError::Errno(INVALID))?;
        self.write_register_value(tid, number, value)
    }
}

impl ThreadExtraInfo for Debuggee {
    fn thread_extra_info(&self, tid: Tid, buf: &mut [u8]) -> Result<usize, Infallible> {
        let id = vcpu_of(tid);
        let text = match self.machine().vcpus().get(id.index()) {
            None => "none".to_owned(),
            Some(info) => {
                let power = match info.power {
                    PowerState::Off => "off",
                    PowerState::Running if info.current => "runs next",
                    PowerState::Running => "running",
                    _ => "waiting",
                };
                format!("{id}, {power}")
            }
        };
        let length = text.len().min(buf.len());
        buf[..length].copy_from_slice(&text.as_bytes()[..length]);
        Ok(length)
    }
}

impl MultiThreadResume for Debuggee {
    /// The move is made when the library has gone back to waiting: see [`crate::Session`].
    fn resume(&mut self) -> Result<(), Infallible> {
        self.plan.get_or_insert(Plan::Continue(Direction::Forward));
        Ok(())
    }

    fn clear_resume_actions(&mut self) -> Result<(), Infallible> {
        self.plan = None;
        Ok(())
    }

    fn set_resume_action_continue(&mut self, _: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<MultiThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_range_step(&mut self) -> Option<MultiThreadRangeSteppingOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, Tid, Self>> {
        Some(self)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, Tid, Self>> {
        Some(self)
    }

    fn support_scheduler_locking(&mut self) -> Option<MultiThreadSchedulerLockingOps<'_, Self>> {
        Some(self)
    }
}

impl MultiThreadSingleStep for Debuggee {
    fn set_resume_action_step(&mut self, tid: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        self.plan = Some(Plan::Step(Direction::Forward, self.steppable(tid)));
        Ok(())
    }
}

impl MultiThreadRangeStepping for Debuggee {
    fn set_resume_action_range_step(
        &mut self,
        tid: Tid,
        start: u64,
        end: u64,
    ) -> Result<(), Infallible> {
        self.plan = Some(Plan::Range(self.steppable(tid), start, end));
        Ok(())
    }
}

impl MultiThreadSchedulerLocking for Debuggee {
    /// Who runs when was recorded; a debugger that wants one vCPU to run alone gets what it waits for all the same.
    fn set_resume_action_scheduler_lock(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl ReverseCont<Tid> for Debuggee {
    fn reverse_cont(&mut self) -> Result<(), Infallible> {
        self.plan = Some(Plan::Continue(Direction::Backward));
        Ok(())
    }
}

impl ReverseStep<Tid> for Debuggee {
    fn reverse_step(&mut self, tid: Tid) -> Result<(), Infallible> {
        self.plan = Some(Plan::Step(Direction::Backward, self.steppable(tid)));
        Ok(())
    }
}

impl Breakpoints for Debuggee {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Debuggee {
    fn add_sw_breakpoint(&mut self, address: u64, _kind: usize) -> TargetResult<bool, Self> {
        self.points.breakpoint(address, false, true);
        Ok(true)
    }

    fn remove_sw_breakpoint(&mut self, address: u64, _kind: usize) -> TargetResult<bool, Self> {
        self.points.breakpoint(address, false, false);
        Ok(true)
    }
}

impl HwBreakpoint for Debuggee {
    fn add_hw_breakpoint(&mut self, address: u64, _kind: usize) -> TargetResult<bool, Self> {
        self.points.breakpoint(address, true, true);
        Ok(true)
    }

    fn remove_hw_breakpoint(&mut self, address: u64, _kind: usize) -> TargetResult<bool, Self> {
        self.points.breakpoint(address, true, false);
        Ok(true)
    }
}

fn watch_of(address: u64, len: u64, kind: GdbWatchKind) -> Watch {
    let kind = match kind {
        GdbWatchKind::Write => WatchKind::Write,
        GdbWatchKind::Read => WatchKind::Read,
        GdbWatchKind::ReadWrite => WatchKind::Access,
    };
    Watch { address, len, kind }
}

impl HwWatchpoint for Debuggee {
    fn add_hw_watchpoint(
        &mut self,
        address: u64,
        len: u64,
        kind: GdbWatchKind,
    ) -> TargetResult<bool, Self> {
        self.points.add_watch(watch_of(address, len, kind));
        Ok(len > 0)
    }

    fn remove_hw_watchpoint(
        &mut self,
        address: u64,
        len: u64,
        kind: GdbWatchKind,
    ) -> TargetResult<bool, Self> {
        self.points.remove_watch(watch_of(address, len, kind));
        Ok(true)
    }
}

impl TargetDescriptionXmlOverride for Debuggee {
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        if annex != b"target.xml" {
            return Err(TargetError::Errno(INVALID));
        }
        let xml = self.registers.description().as_bytes();
        let rest = usize::try_from(offset).ok().and_then(|offset| xml.get(offset..)).unwrap_or(&[]);
        // Some bytes are two on the wire; a portion must fit all the same.
        let length = rest.len().min(length).min(buf.len() / 2);
        buf[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

impl MonitorCmd for Debuggee {
    fn handle_monitor_cmd(
        &mut self,
        cmd: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        let mut text: String = self.notices.drain(..).collect();
        text += &monitor::run(self, &String::from_utf8_lossy(cmd));
        // A debugger need not have room for more than a packet.
        for portion in text.as_bytes().chunks(crate::wire::PACKET_LIMIT / 4) {
            out.write_raw(portion);
            out.flush();
        }
        Ok(())
    }
}

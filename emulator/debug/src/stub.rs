//! The protocol's library, kept alive.
//!
//! `gdbstub` is a state machine that is used up by its own errors, and a command that it cannot parse is one. A debugger
//! must not lose its session over a command that it, or somebody who types packets, got wrong. So what the two sides have
//! agreed on is kept here; after an error a new state machine is told it again, and the command is answered with an
//! error. The state machine never acknowledges packets: see [`crate::wire`].

use std::convert::Infallible;

use gdbstub::conn::Connection;
use gdbstub::stub::GdbStub;
use gdbstub::stub::state_machine::GdbStubStateMachine;

use crate::debuggee::{Debuggee, Reason};
use crate::wire::{PACKET_LIMIT, frame};

/// Bytes of a packet's frame.
const FRAME: usize = 4;

/// Where the state machine writes.
struct Out(Vec<u8>);

impl Connection for Out {
    type Error = Infallible;

    fn write(&mut self, byte: u8) -> Result<(), Infallible> {
        self.0.push(byte);
        Ok(())
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

type Machine = GdbStubStateMachine<'static, Debuggee, Out>;

/// The library's error: a packet that it cannot use. What it says is for the library's authors.
struct Unusable;

/// What the state machine is doing after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It waits for the next command.
    Idle,
    /// The debugger waits for the target to stop.
    Running,
    /// The debugger said good-bye.
    Over,
}

/// One debugger's conversation.
#[derive(Default)]
pub(crate) struct Stub {
    machine: Option<Machine>,
    /// What a new state machine has to be told: features, and the threads that later commands are about.
    agreed: Vec<Vec<u8>>,
}

impl Stub {
    /// Does a command. The answer is whole packets; `None` when the command cannot be used.
    pub(crate) fn command(
        &mut self,
        target: &mut Debuggee,
        body: &[u8],
    ) -> (Option<Vec<u8>>, After) {
        self.remember(body);
        let answer = self.machine(target).and_then(|machine| {
            let mut machine = feed(machine, target, &frame(body))?;
            let answer = take_output(&mut machine);
            self.machine = Some(machine);
            Ok(answer)
        });
        match answer {
            Ok(answer) => (Some(answer), self.state()),
            Err(Unusable) => {
                target.plan = None;
                (None, After::Idle)
            }
        }
    }

    /// Tells the debugger why the target stopped.
    pub(crate) fn report(&mut self, target: &mut Debuggee, reason: Reason) -> Option<Vec<u8>> {
        match self.machine.take()? {
            Machine::Running(running) => {
                let mut machine = running.report_stop(target, reason).ok()?;
                let answer = take_output(&mut machine);
                self.machine = Some(machine);
                Some(answer)
            }
            _ => None,
        }
    }

    fn state(&self) -> After {
        match self.machine {
            Some(Machine::Running(_)) => After::Running,
            Some(Machine::Disconnected(_)) => After::Over,
            _ => After::Idle,
        }
    }

    /// Keeps what has to be repeated, the last of each kind.
    fn remember(&mut self, body: &[u8]) {
        let kind =
            [&b"qSupported"[..], b"Hg", b"Hc"].into_iter().find(|kind| body.starts_with(kind));
        if let Some(kind) = kind {
            self.agreed.retain(|other| !other.starts_with(kind));
            self.agreed.push(body.to_vec());
        }
    }

    /// The state machine, or a new one that has been told everything. Commands that it could not use are forgotten.
    fn machine(&mut self, target: &mut Debuggee) -> Result<Machine, Unusable> {
        if let Some(machine) = self.machine.take() {
            return Ok(machine);
        }
        let mut machine = start(target, &[])?;
        let mut usable: Vec<Vec<u8>> = Vec::new();
        for body in std::mem::take(&mut self.agreed) {
            match feed(machine, target, &frame(&body)) {
                Ok(next) => {
                    machine = next;
                    usable.push(body);
                }
                Err(Unusable) => machine = start(target, &usable)?,
            }
        }
        take_output(&mut machine);
        self.agreed = usable;
        Ok(machine)
    }
}

/// A new state machine that has been told some commands.
fn start(target: &mut Debuggee, commands: &[Vec<u8>]) -> Result<Machine, Unusable> {
    let stub = GdbStub::builder(Out(Vec::new())).packet_buffer_size(PACKET_LIMIT + FRAME).build();
    let machine = stub.map_err(|_| Unusable)?.run_state_machine(target).map_err(|_| Unusable)?;
    let machine = feed(machine, target, &frame(b"QStartNoAckMode"))?;
    commands.iter().try_fold(machine, |machine, body| feed(machine, target, &frame(body)))
}

fn feed(mut machine: Machine, target: &mut Debuggee, bytes: &[u8]) -> Result<Machine, Unusable> {
    for byte in bytes {
        machine = match machine {
            Machine::Idle(idle) => idle.incoming_data(target, *byte),
            Machine::Running(running) => running.incoming_data(target, *byte),
            // The wire hands over no interrupts.
            Machine::CtrlCInterrupt(interrupt) => {
                interrupt.interrupt_handled(target, None::<Reason>)
            }
            Machine::Disconnected(gone) => return Ok(Machine::Disconnected(gone)),
        }
        .map_err(|_| Unusable)?;
    }
    Ok(machine)
}

fn take_output(machine: &mut Machine) -> Vec<u8> {
    let out = match machine {
        Machine::Idle(inner) => inner.borrow_conn(),
        Machine::Running(inner) => inner.borrow_conn(),
        Machine::CtrlCInterrupt(inner) => inner.borrow_conn(),
        Machine::Disconnected(inner) => inner.borrow_conn(),
    };
    std::mem::take(&mut out.0)
}

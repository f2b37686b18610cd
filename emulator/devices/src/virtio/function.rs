//! A device with its driver's settings: what is the same behind every transport.
//!
//! Transports differ in how a driver reaches these: registers in memory, a PCI capability, channel commands. What the
//! settings mean, and when a device may act on them, is decided here, once.

use lockstep_core::{Input, RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use super::device::{Access, VirtioDevice};
use super::fault::Fault;
use super::queue::Queue;
use super::spec::{feature, status};
use crate::DeviceCx;

/// Features of every device.
const COMMON: u64 = feature::VERSION_1 | feature::INDIRECT_DESC | feature::EVENT_IDX;

/// Everything of a device's settings that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    status: u8,
    /// What the driver has accepted.
    pub(super) features: u64,
    pub(super) queues: Vec<Queue>,
    /// Queues in which something was used since the driver last acknowledged it, a bit each.
    pub(super) used: u64,
    config_changed: bool,
}

impl State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    pub(super) const fn is_live(&self) -> bool {
        self.status & (status::DRIVER_OK | status::NEEDS_RESET) == status::DRIVER_OK
    }
}

/// A device and the settings of its driver.
pub struct Virtio {
    place: u16,
    device: Box<dyn VirtioDevice>,
    state: State,
}

impl Virtio {
    /// `device` at the board's `place`, after power-on.
    #[must_use]
    pub fn new(place: u16, device: Box<dyn VirtioDevice>) -> Self {
        let state = Self::initial(&*device);
        Self { place, device, state }
    }

    fn initial(device: &dyn VirtioDevice) -> State {
        let queues = device.queues().iter().map(|size| Queue::new(*size)).collect();
        State { status: 0, features: 0, queues, used: 0, config_changed: false }
    }

    /// The number of this kind of device.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.device.id()
    }

    /// What the device offers.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.device.features() | COMMON
    }

    /// What the driver accepts. Taken until the features are settled.
    pub fn accept(&mut self, features: u64) {
        if self.state.status & status::FEATURES_OK == 0 {
            self.state.features = features;
        }
    }

    /// What the driver has accepted.
    #[must_use]
    pub const fn accepted(&self) -> u64 {
        self.state.features
    }

    /// The device status.
    #[must_use]
    pub const fn status(&self) -> u8 {
        self.state.status
    }

    /// The driver writes the device status. Zero is a reset; other bits can only be added.
    pub fn set_status(&mut self, cx: &mut DeviceCx<'_>, value: u8) {
        if value == 0 {
            return self.reset(cx);
        }
        let was_live = self.state.is_live();
        let settled = self.state.status & status::FEATURES_OK != 0;
        let mut value = value & !status::NEEDS_RESET;
        let features = self.state.features;
        let possible = features & !self.offered() == 0 && features & feature::VERSION_1 != 0;
        if !settled && !possible {
            value &= !status::FEATURES_OK;
        }
        self.state.status |= value;
        // Without settled features a driver has no business with the device.
        if self.state.status & status::FEATURES_OK == 0 {
            self.state.status &= !status::DRIVER_OK;
        }
        if !was_live && self.state.is_live() {
            for queue in 0..self.state.queues.len() as u16 {
                self.notify(cx, queue.into());
            }
        }
    }

    /// The largest size of a queue; `None` when there is no such queue.
    #[must_use]
    pub fn queue_max(&self, queue: u32) -> Option<u16> {
        self.device.queues().get(queue as usize).copied()
    }

    /// A queue.
    #[must_use]
    pub fn queue(&self, queue: u32) -> Option<&Queue> {
        self.state.queues.get(queue as usize)
    }

    /// A queue to set up: not while the device uses it.
    pub fn queue_setup(&mut self, queue: u32) -> Option<&mut Queue> {
        self.state.queues.get_mut(queue as usize).filter(|queue| !queue.is_ready())
    }

    /// Gives a queue to the device, or takes it away.
    pub fn set_queue_ready(&mut self, cx: &mut DeviceCx<'_>, queue: u32, ready: bool) {
        let Some(most) = self.queue_max(queue) else { return };
        let Some(ring) = self.state.queues.get_mut(queue as usize) else { return };
        if !ready {
            ring.disable();
        } else if !ring.is_ready()
            && let Err(problem) = ring.enable(cx.mem, most)
        {
            self.fail(cx, &problem.in_queue(queue as u16));
        }
    }

    /// The driver says that it has put something into a queue.
    pub fn notify(&mut self, cx: &mut DeviceCx<'_>, queue: u32) {
        if queue as usize >= self.state.queues.len() {
            return self.fail(cx, &Fault::NoQueue(queue));
        }
        if self.state.is_live() {
            self.call(cx, |device, access| device.notified(access, queue as u16));
        }
    }

    /// Bytes of the configuration space; zeros past its end.
    pub fn read_config(&self, offset: u64, into: &mut [u8]) {
        let config = self.device.config();
        for (place, byte) in (offset..).zip(into) {
            *byte = usize::try_from(place).ok().and_then(|at| config.get(at)).map_or(0, |b| *b);
        }
    }

    /// The driver writes into the configuration space.
    pub fn write_config(&mut self, cx: &mut DeviceCx<'_>, offset: u64, bytes: &[u8]) {
        self.call(cx, |device, access| {
            device.write_config(access, offset, bytes);
            Ok(())
        });
    }

    /// The queues in which something was used, a bit each.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.state.used
    }

    /// Whether the configuration or the status changed by itself.
    #[must_use]
    pub const fn config_changed(&self) -> bool {
        self.state.config_changed
    }

    /// The driver has seen that something was used.
    pub fn acknowledge_used(&mut self) {
        self.state.used = 0;
    }

    /// The driver has seen that the configuration changed.
    pub fn acknowledge_config(&mut self) {
        self.state.config_changed = false;
    }

    /// A calendar entry of the device is due.
    pub fn due(&mut self, cx: &mut DeviceCx<'_>, number: u32) {
        if self.state.is_live() {
            self.call(cx, |device, access| device.due(access, number));
        }
    }

    /// Something came from outside.
    pub fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        self.call(cx, |device, access| device.input(access, input));
    }

    /// Back to the state after power-on.
    pub fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.device.reset(&mut Access::new(cx, self.place, &mut self.state));
        self.state = Self::initial(&*self.device);
    }

    fn call(
        &mut self,
        cx: &mut DeviceCx<'_>,
        act: impl FnOnce(&mut dyn VirtioDevice, &mut Access<'_, '_>) -> Result<(), Fault>,
    ) {
        let mut access = Access::new(cx, self.place, &mut self.state);
        if let Err(fault) = act(&mut *self.device, &mut access) {
            self.fail(cx, &fault);
        }
    }

    /// The device cannot go on: it says so to its driver and to the user.
    fn fail(&mut self, cx: &mut DeviceCx<'_>, fault: &Fault) {
        if self.state.status & status::NEEDS_RESET != 0 {
            return;
        }
        self.state.status |= status::NEEDS_RESET;
        self.state.config_changed |= self.state.status & status::DRIVER_OK != 0;
        cx.bp.device_fault(self.place, fault.to_string());
    }
}

impl SaveState for Virtio {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, State::VERSION, &self.state);
        self.device.save(&format!("{name}.device"), to);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: State = from.get(name, State::VERSION)?;
        let sizes = self.device.queues();
        let fits = state.queues.iter().zip(sizes).all(|(queue, most)| queue.can_be(*most));
        if state.queues.len() != sizes.len() || !fits {
            let detail = "queues that the device cannot have".to_owned();
            return Err(RestoreError::Damaged { part: name.to_owned(), detail });
        }
        self.state = state;
        self.device.restore(&format!("{name}.device"), from)
    }
}

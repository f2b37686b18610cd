//! Faults of the serial port.

use lockstep_core::faults::{Fault, Faults};

use super::{Pl011, Pl011State, spec};

impl Pl011 {
    /// A snapshot has been restored. Nobody had saved the port, so the machine got a new one; and since a console that takes no
    /// input was noticed, its receive interrupt is enabled, whatever the guest had enabled.
    pub fn restored_wrongly(&mut self, faults: &Faults) {
        if faults.has(Fault::UartNotSaved) {
            self.state = Pl011State::default();
            self.state.write(spec::IMSC, spec::INT_RX);
        }
    }
}

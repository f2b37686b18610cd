//! Faults of the clock comparator.
//!
//! Restoring must leave it as it was saved: its condition, and the entry in the calendar if the condition is still to come.
//! Other emulators also do what setting the clock does, to be on the safe side.

use lockstep_core::faults::{Fault, Knock};
use lockstep_cpu::Cx;

use crate::S390x;
use crate::timing::{self, COMPARATOR};

/// How often the other thread has a chance to queue its work before the processor is awake.
const WAKING: u32 = 6;

/// A snapshot has been restored.
pub(crate) fn restored(cx: &mut Cx<S390x>) {
    if !cx.cpu.sys.comparator_pending {
        return;
    }
    let id = timing::entry(cx, COMPARATOR);
    if cx.bp.faults.has(Fault::TodSaveAsymmetric) {
        // Its time has come long ago, so it is due at once, and a second time.
        let now = cx.bp.now();
        cx.bp.arm(id, now);
    }
    if let Some(door) = cx.bp.faults.door_of(Fault::TodRestoreArmsTimer).cloned() {
        timing::due(cx, COMPARATOR);
        door.send(Knock::Due(id));
        // Waking the processor takes longer than queueing work, so it mostly finds it done when it goes on.
        if (0..WAKING).any(|_| door.answer().is_some()) {
            timing::due(cx, COMPARATOR);
        }
    }
}

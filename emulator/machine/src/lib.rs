//! Machines: boards, the run loop, recording and replaying.
//!
//! A [`Machine`] is a plain owned value. [`build`] makes one from a [`MachineRecord`] and [`Images`], which is all that a
//! log's header holds, so that what was recorded can be built again. [`Recording`] writes down what it does;
//! [`Replay`] holds it to what was written.

mod boards;
mod config;
#[cfg(feature = "faults")]
mod faults;
mod images;
mod inspect;
mod keyframe;
mod machine;
mod prefix;
mod record;
mod replay;
mod script;
mod snapshot;
mod system;

pub use boards::{BOARDS, BoardInfo, build};
pub use config::{ConfigError, check, parse_machine, parse_memory};
pub use images::{BuildError, Images};
pub use inspect::{Disassembled, Inspect, InspectError, VcpuInfo};
pub use keyframe::{KeyframeError, restore_keyframe};
pub use lockstep_cpu::{
    DeviceHit, DeviceRegion, PowerState, RegisterGroup, RegisterInfo, Traps, Watch, WatchHit,
    WatchKind,
};
pub use lockstep_log::MachineRecord;
pub use machine::{EngineChoice, Goal, Machine, NoJitError, Outputs, Pause, Stats};
pub use record::{LogSink, Recorder, Recording};
pub use replay::{LogDoor, Replay, ReplayEnd, ReplayError};
pub use script::{Script, ScriptDoor, ScriptError, parse_time};
pub use snapshot::Snapshot;

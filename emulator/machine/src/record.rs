//! Recording.
//!
//! A recorder is the journal's observer: it turns events into frames and hands finished frames to a sink, in order.
//! The sink is somebody else's thread; when it can take no more, the machine stops and what was written stays.

use std::any::Any;
use std::num::NonZeroU64;

use lockstep_core::{Event, Input, Level, Observer, Verdict, What};
use lockstep_log::{EncodeError, FrameEncoder, Header};

use crate::keyframe::Keyframes;
use crate::{Goal, Images, Machine, Pause};

/// Where the bytes of a log go.
pub trait LogSink: Send + 'static {
    /// Appends bytes; says whether it can take more.
    fn append(&mut self, bytes: Vec<u8>) -> bool;
}

/// A log in memory.
impl LogSink for std::sync::mpsc::Sender<Vec<u8>> {
    fn append(&mut self, bytes: Vec<u8>) -> bool {
        self.send(bytes).is_ok()
    }
}

/// Writes down the events of a machine.
pub struct Recorder {
    encoder: FrameEncoder,
    sink: Box<dyn LogSink>,
    level: Level,
    failure: Option<EncodeError>,
    /// An input has asked for a keyframe, which is yet to be taken.
    keep: bool,
}

impl Observer for Recorder {
    fn level(&self) -> Level {
        self.level
    }

    fn observe(&mut self, event: &Event) -> Verdict {
        self.keep |= event.what == What::Input(Input::Keyframe);
        let pushed = self.encoder.push(event);
        let taken = pushed.map(|frame| frame.is_none_or(|frame| self.sink.append(frame)));
        match taken {
            Ok(true) if !self.keep => Verdict::Continue,
            Ok(_) => Verdict::Stop,
            Err(error) => {
                self.failure.get_or_insert(error);
                Verdict::Stop
            }
        }
    }
}

/// A recording under way.
pub struct Recording {
    keyframes: Option<Keyframes>,
}

impl Recording {
    /// Begins to record `machine`, which is at its start.
    pub fn begin(
        machine: &mut dyn Machine,
        header: &Header,
        images: &Images,
        mut sink: Box<dyn LogSink>,
    ) -> Result<Self, EncodeError> {
        let (mut encoder, first) = FrameEncoder::new(header)?;
        sink.append(first);
        if header.bundled {
            for image in images.contents() {
                for frame in encoder.image(image)? {
                    sink.append(frame);
                }
            }
        }
        let recorder = Recorder { encoder, sink, level: header.level, failure: None, keep: false };
        #[cfg(not(feature = "faults"))]
        let recorder = Box::new(recorder);
        #[cfg(feature = "faults")]
        let recorder = crate::faults::shared(recorder, &machine.faults());
        machine.set_observer(recorder);
        Ok(Self { keyframes: None })
    }

    /// Has the recording keep the machine's state each time `every` more instructions have retired. The machine is still as it
    /// was built. Without `every`, only where an input asks for it.
    #[must_use]
    pub fn with_keyframes(self, machine: &mut dyn Machine, every: Option<NonZeroU64>) -> Self {
        Self { keyframes: Some(Keyframes::new(machine, every)) }
    }

    /// Runs to the end of the run.
    pub fn run(&mut self, machine: &mut dyn Machine) -> Pause {
        let Some(keyframes) = &mut self.keyframes else { return machine.run(Goal::End) };
        loop {
            let pause = machine.run(keyframes.next(machine.moment().retired));
            if !matches!(pause, Pause::Reached | Pause::Observer) {
                return pause;
            }
            // The encoder is the observer's; the machine must be whole to be looked at.
            let mut observer = machine.take_observer();
            let recorder: &mut dyn Any = &mut *observer;
            let goes_on =
                recorder.downcast_mut::<Recorder>().map_or(pause == Pause::Reached, |recorder| {
                    let wanted = std::mem::take(&mut recorder.keep) || pause == Pause::Reached;
                    if wanted && recorder.failure.is_none() {
                        recorder.failure = keyframes.take(machine, &mut recorder.encoder).err();
                    }
                    wanted && recorder.failure.is_none()
                });
            machine.set_observer(observer);
            if !goes_on {
                return Pause::Observer;
            }
        }
    }

    /// Writes what is left, with the index. The sink is dropped.
    pub fn finish(self, machine: &mut dyn Machine) -> Result<(), EncodeError> {
        let observer: Box<dyn Any> = machine.take_observer();
        #[cfg(feature = "faults")]
        let observer = crate::faults::sole(observer);
        let Ok(mut recorder) = observer.downcast::<Recorder>() else { return Ok(()) };
        if let Some(failure) = recorder.failure.take() {
            return Err(failure);
        }
        let Recorder { encoder, mut sink, .. } = *recorder;
        sink.append(encoder.finish()?);
        Ok(())
    }
}

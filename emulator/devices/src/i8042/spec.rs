//! Ports and commands of the keyboard controller.
//!
//! IBM PS/2 Hardware Interface Technical Reference (1988), "Keyboard and auxiliary device controller".

/// Data.
pub const DATA: u64 = 0;
/// Status on a read, command on a write.
pub const COMMAND: u64 = 4;

/// Status: the output buffer is full.
pub const STATUS_OBF: u8 = 1 << 0;
/// Status: the self-test has passed.
pub const STATUS_SYSTEM: u8 = 1 << 2;
/// Status: the last write was a command.
pub const STATUS_COMMAND: u8 = 1 << 3;
/// Status: the keyboard is not locked.
pub const STATUS_UNLOCKED: u8 = 1 << 4;
/// Status: the output buffer's byte is the auxiliary device's.
pub const STATUS_AUX: u8 = 1 << 5;
/// Status: the device did not answer in time.
pub const STATUS_TIMEOUT: u8 = 1 << 6;

/// Command byte: keyboard interrupt.
pub const CTR_KEYBOARD_INT: u8 = 1 << 0;
/// Command byte: auxiliary interrupt.
pub const CTR_AUX_INT: u8 = 1 << 1;
/// Command byte: system flag.
pub const CTR_SYSTEM: u8 = 1 << 2;
/// Command byte: keyboard disabled.
pub const CTR_KEYBOARD_OFF: u8 = 1 << 4;
/// Command byte: auxiliary device disabled.
pub const CTR_AUX_OFF: u8 = 1 << 5;
/// Command byte after the self-test: translation on, keyboard off.
pub const CTR_AFTER_TEST: u8 = 0x74;

/// Read internal RAM, 32 commands; the first is the command byte.
pub const READ_RAM: u8 = 0x20;
/// Write internal RAM, 32 commands.
pub const WRITE_RAM: u8 = 0x60;
/// Is there a password?
pub const TEST_PASSWORD: u8 = 0xa4;
/// Disable the auxiliary device.
pub const AUX_DISABLE: u8 = 0xa7;
/// Enable it.
pub const AUX_ENABLE: u8 = 0xa8;
/// Test its line.
pub const AUX_TEST: u8 = 0xa9;
/// Self-test.
pub const SELF_TEST: u8 = 0xaa;
/// Test the keyboard's line.
pub const KEYBOARD_TEST: u8 = 0xab;
/// Disable the keyboard.
pub const KEYBOARD_DISABLE: u8 = 0xad;
/// Enable it.
pub const KEYBOARD_ENABLE: u8 = 0xae;
/// Read the input port.
pub const READ_INPUT: u8 = 0xc0;
/// Read the output port.
pub const READ_OUTPUT: u8 = 0xd0;
/// Write the output port.
pub const WRITE_OUTPUT: u8 = 0xd1;
/// Put a byte into the output buffer as if from the keyboard.
pub const LOOP_KEYBOARD: u8 = 0xd2;
/// Put a byte into the output buffer as if from the auxiliary device.
pub const LOOP_AUX: u8 = 0xd3;
/// Send a byte to the auxiliary device.
pub const WRITE_AUX: u8 = 0xd4;
/// Read the test inputs.
pub const READ_TEST: u8 = 0xe0;

/// What a passed self-test answers.
pub const TEST_PASSED: u8 = 0x55;
/// There is no password.
pub const NO_PASSWORD: u8 = 0xf1;
/// The controller's answer for a device that is not there, with the timeout in the status: send again.
pub const RESEND: u8 = 0xfe;
/// Input port: keyboard not locked, and nothing pulled low.
pub const INPUT_PORT: u8 = 0xb0;
/// Output port after reset: not resetting the system, address line 20 open.
pub const OUTPUT_PORT: u8 = 0x03;

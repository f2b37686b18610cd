use lockstep_cpu::{Emit, Guest};

use super::*;
use crate::testing::*;
use crate::{Insn, system};

/// Calls a function by HVC with the low half of X0 and X1 to X3.
fn hvc(cx: &mut Cx<Aarch64>, function: u32, arguments: [u64; 3]) -> i64 {
    cx.put(0, u64::from(function) | 0xdead << 32);
    for (register, value) in (1..).zip(arguments) {
        cx.put(register, value);
    }
    system::hvc(cx, &Insn::default()).unwrap();
    cx.get(0) as i64
}

/// Catches versions and features that promise something else than is answered.
#[test]
fn what_there_is() {
    let mut cx = machine();
    assert_eq!(hvc(&mut cx, function::VERSION, [0; 3]), 0x10000);
    assert_eq!(hvc(&mut cx, 0x8000_0000, [0; 3]), 0x10001);
    assert_eq!(hvc(&mut cx, 0x8000_0001, [0x8000_8000, 0, 0]), -1);
    assert_eq!(hvc(&mut cx, 0x8400_0006, [0; 3]), 2);
    for function in (0x8400_0000..0x8400_0020).chain(0xc400_0000..0xc400_0020) {
        // Answers to a processor number that does not exist are answers.
        let (mut cx, _) = machine_of(1);
        let known = hvc(&mut cx, function, [99, 0, 0]) != result::NOT_SUPPORTED;
        let promised = hvc(&mut cx, function::FEATURES, [function.into(), 0, 0]) == 0;
        if function != function::FEATURES {
            assert_eq!(known, promised, "{function:#x}");
        }
    }
    assert_eq!(hvc(&mut cx, 0x1234, [0; 3]), -1);
    let call = Insn { imm: 1, ..Insn::default() };
    assert_eq!(class_of(fault(system::smc(&mut cx, &call))), 0);
    go_to(&mut cx, 0);
    assert_eq!(class_of(fault(system::hvc(&mut cx, &Insn::default()))), 0);
}

/// Catches a processor that starts twice, at another's place, or with a cut argument.
#[test]
fn processors_on_and_off() {
    let (mut cx, notes) = machine_of(18);
    let on = function::CPU_ON_64;
    assert_eq!(hvc(&mut cx, on, [0x101, RAM, 0x1_0000_0002]), 0);
    match cx.requests[..] {
        [Request::PowerOn { vcpu: VcpuId(17), entry: RAM, arg: 0x1_0000_0002 }] => {}
        ref other => panic!("{other:?}"),
    }
    assert!(cx.bp.attention);
    cx.powers[0] = PowerState::Off;
    assert_eq!(hvc(&mut cx, on, [0, RAM, 0]), result::ALREADY_ON);
    assert_eq!(hvc(&mut cx, on, [0x102, RAM, 0]), result::INVALID_PARAMETERS);
    assert_eq!(hvc(&mut cx, on, [1, RAM + 1, 0]), result::INVALID_ADDRESS);
    cx.powers[1] = PowerState::Waiting;
    assert_eq!(hvc(&mut cx, on, [1, RAM, 0]), result::ALREADY_ON);
    // The 32-bit convention looks at the low halves.
    assert_eq!(hvc(&mut cx, function::AFFINITY_INFO, [0xffff_0000_0001, 0, 0]), ON);
    let info = function::AFFINITY_INFO_64;
    assert_eq!(hvc(&mut cx, info, [0x101, 0, 0]), OFF);
    assert_eq!(hvc(&mut cx, info, [0x100, 1, 0]), OFF);
    assert_eq!(hvc(&mut cx, info, [0xf, 1, 0]), ON);
    assert_eq!(hvc(&mut cx, info, [0x200, 1, 0]), result::INVALID_PARAMETERS);
    assert_eq!(hvc(&mut cx, info, [0, 4, 0]), result::INVALID_PARAMETERS);
    hvc(&mut cx, function::CPU_OFF, [0; 3]);
    assert_eq!(cx.cpu.power, PowerState::Off);
    assert_eq!(notes.lock().unwrap().events, [What::VcpuOff]);
}

/// Catches a machine that does not stop or reset, and a suspension that loses an interrupt.
#[test]
fn the_machine() {
    let mut cx = machine();
    assert_eq!(hvc(&mut cx, function::CPU_SUSPEND, [0; 3]), 0);
    assert_eq!(cx.cpu.power, PowerState::Waiting);
    cx.cpu.power = PowerState::Running;
    cx.cpu.lines = 1;
    assert_eq!(hvc(&mut cx, function::CPU_SUSPEND_64, [0; 3]), 0);
    assert_eq!(cx.cpu.power, PowerState::Running);
    assert!(Aarch64::wakes(&cx.cpu));
    hvc(&mut cx, function::SYSTEM_OFF, [0; 3]);
    hvc(&mut cx, function::SYSTEM_RESET, [0; 3]);
    assert!(matches!(cx.requests[..], [Request::Stop(StopReason::PowerOff), Request::Reset]));
}

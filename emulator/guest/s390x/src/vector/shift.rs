//! Shifts and rotations: of elements, and of whole registers by bits and by bytes.

use lockstep_cpu::Cx;

use super::*;

/// An element and an amount below its bits.
type Shift = fn(u128, u32, u32) -> u128;

fn to_left(a: u128, by: u32, _size: u32) -> u128 {
    a << by
}

fn to_right_logical(a: u128, by: u32, _size: u32) -> u128 {
    a >> by
}

fn to_right(a: u128, by: u32, size: u32) -> u128 {
    (extend(a, size) >> by) as u128
}

fn rotated(a: u128, by: u32, size: u32) -> u128 {
    (a | a << (bits(size) % 128)) >> ((bits(size) - by) % bits(size))
}

/// By the amount that is the second-operand address.
fn by_amount(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3], shift: Shift) -> Helped {
    let o = Op(Text(text));
    let size = o.size();
    require(size <= 3)?;
    let (value, by) = (get(cx, o.v2()), place as u32 & (bits(size) - 1));
    put(cx, o.v1(), build(size, |k| shift(element(value, size, k), by, size)));
    Ok(0)
}

/// VECTOR ELEMENT SHIFT LEFT.
pub(crate) fn left(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    by_amount(cx, args, to_left)
}

/// VECTOR ELEMENT ROTATE LEFT LOGICAL.
pub(crate) fn rotate(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    by_amount(cx, args, rotated)
}

/// VECTOR ELEMENT SHIFT RIGHT LOGICAL.
pub(crate) fn right_logical(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    by_amount(cx, args, to_right_logical)
}

/// VECTOR ELEMENT SHIFT RIGHT ARITHMETIC.
pub(crate) fn right(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    by_amount(cx, args, to_right)
}

/// By the elements of the third register.
fn by_elements(cx: &mut Cx<S390x>, o: Op, shift: Shift) -> Helped {
    integer::two(cx, o, 3, |a, b, size| shift(a, b as u32 & (bits(size) - 1), size))
}

/// VECTOR ELEMENT SHIFT LEFT, by elements.
pub(crate) fn left_by_elements(cx: &mut Cx<S390x>, o: Op) -> Helped {
    by_elements(cx, o, to_left)
}

/// VECTOR ELEMENT ROTATE LEFT LOGICAL, by elements.
pub(crate) fn rotate_by_elements(cx: &mut Cx<S390x>, o: Op) -> Helped {
    by_elements(cx, o, rotated)
}

/// VECTOR ELEMENT SHIFT RIGHT LOGICAL, by elements.
pub(crate) fn right_logical_by_elements(cx: &mut Cx<S390x>, o: Op) -> Helped {
    by_elements(cx, o, to_right_logical)
}

/// VECTOR ELEMENT SHIFT RIGHT ARITHMETIC, by elements.
pub(crate) fn right_by_elements(cx: &mut Cx<S390x>, o: Op) -> Helped {
    by_elements(cx, o, to_right)
}

/// VECTOR ELEMENT ROTATE AND INSERT UNDER MASK.
pub(crate) fn rotate_and_insert(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let size = o.size();
    require(size <= 3)?;
    let by = u32::from(o.0.byte(3)) & (bits(size) - 1);
    let (value, mask) = (get(cx, o.v2()), get(cx, o.v3()));
    let turned = build(size, |k| rotated(element(value, size, k), by, size));
    let result = get(cx, o.v1()) & !mask | turned & mask;
    put(cx, o.v1(), result);
    Ok(0)
}

/// Bytes of a register, each by its own amount of bits, which should be equal: what comes in is the neighbour's.
fn by_bits(cx: &mut Cx<S390x>, o: Op, shift: impl Fn(i64, u32) -> u128) -> Helped {
    let amounts = get(cx, o.v3());
    let result = build(0, |k| shift(k.into(), element(amounts, 0, k) as u32 & 7));
    put(cx, o.v1(), result);
    Ok(0)
}

/// A byte by its place; zero on the right, `fill` on the left.
fn byte(value: u128, place: i64, fill: u128) -> u128 {
    match place {
        0..=15 => element(value, 0, place as u32),
        ..0 => fill,
        _ => 0,
    }
}

/// VECTOR SHIFT LEFT.
pub(crate) fn bits_left(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let a = get(cx, o.v2());
    by_bits(cx, o, |k, by| (byte(a, k, 0) << 8 | byte(a, k + 1, 0)) << by >> 8)
}

fn bits_to_right(cx: &mut Cx<S390x>, o: Op, fill: u128) -> Helped {
    let a = get(cx, o.v2());
    by_bits(cx, o, |k, by| (byte(a, k - 1, fill) << 8 | byte(a, k, fill)) >> by)
}

/// Bytes of the sign.
fn sign_of(value: u128) -> u128 {
    if value >> 127 != 0 { 0xff } else { 0 }
}

/// VECTOR SHIFT RIGHT LOGICAL.
pub(crate) fn bits_right_logical(cx: &mut Cx<S390x>, o: Op) -> Helped {
    bits_to_right(cx, o, 0)
}

/// VECTOR SHIFT RIGHT ARITHMETIC.
pub(crate) fn bits_right(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let fill = sign_of(get(cx, o.v2()));
    bits_to_right(cx, o, fill)
}

/// Bits that the byte shifts go by: bits 1 to 4 of the eighth byte count bytes.
fn bytes_amount(cx: &Cx<S390x>, o: Op) -> u32 {
    element(get(cx, o.v3()), 0, 7) as u32 >> 3 << 3 & 0x78
}

/// VECTOR SHIFT LEFT BY BYTE.
pub(crate) fn bytes_left(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let result = get(cx, o.v2()) << bytes_amount(cx, o);
    put(cx, o.v1(), result);
    Ok(0)
}

/// VECTOR SHIFT RIGHT LOGICAL BY BYTE.
pub(crate) fn bytes_right_logical(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let result = get(cx, o.v2()) >> bytes_amount(cx, o);
    put(cx, o.v1(), result);
    Ok(0)
}

/// VECTOR SHIFT RIGHT ARITHMETIC BY BYTE.
pub(crate) fn bytes_right(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let result = (get(cx, o.v2()) as i128 >> bytes_amount(cx, o)) as u128;
    put(cx, o.v1(), result);
    Ok(0)
}

/// VECTOR SHIFT LEFT DOUBLE BY BYTE.
pub(crate) fn double_bytes_left(cx: &mut Cx<S390x>, o: Op) -> Helped {
    require(o.0.byte(3) <= 15)?;
    let by = u32::from(o.0.byte(3)) * 8;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let result = if by == 0 { a } else { a << by | b >> (128 - by) };
    put(cx, o.v1(), result);
    Ok(0)
}

//! Who is at the other end of the wire.
//!
//! A host with the addresses [`MAC`] and [`IP`] that answers, and never speaks first: requests for its address (ARP), ICMP
//! echoes, and datagrams to UDP's echo port. Frames of the experimental type 0x88b5 come back as they are, for
//! guests without a network stack. It drops everything else. What it answers is a function of the frame alone.

/// The peer's address on the wire.
pub const MAC: [u8; 6] = [0x02, 0x6c, 0x6f, 0x63, 0x6b, 0x01];
/// The peer's IPv4 address: 192.0.2.1, of the network that is kept for documentation.
pub const IP: [u8; 4] = [192, 0, 2, 1];

const BROADCAST: [u8; 6] = [0xff; 6];
const TYPE_IPV4: [u8; 2] = [0x08, 0x00];
const TYPE_ARP: [u8; 2] = [0x08, 0x06];
const TYPE_ECHO: [u8; 2] = [0x88, 0xb5];
const ICMP: u8 = 1;
const UDP: u8 = 17;
const ECHO_PORT: [u8; 2] = [0, 7];

/// What the peer answers to a frame.
pub(super) fn answer(frame: &[u8]) -> Option<Vec<u8>> {
    let to = frame.get(..6)?;
    if to != MAC && to != BROADCAST {
        return None;
    }
    let from = frame.get(6..12)?;
    let kind: [u8; 2] = frame.get(12..14)?.try_into().ok()?;
    let payload = frame.get(14..)?;
    let answer = match kind {
        TYPE_ARP => arp(payload)?,
        TYPE_IPV4 => ipv4(payload)?,
        TYPE_ECHO => payload.to_vec(),
        _ => return None,
    };
    Some([from, &MAC, &kind, &answer].concat())
}

/// RFC 826: who has the peer's address?
fn arp(packet: &[u8]) -> Option<Vec<u8>> {
    const REQUEST: [u8; 8] = [0, 1, 8, 0, 6, 4, 0, 1];
    const REPLY: [u8; 8] = [0, 1, 8, 0, 6, 4, 0, 2];
    let packet = packet.get(..28)?;
    if packet[..8] != REQUEST || packet[24..28] != IP {
        return None;
    }
    Some([&REPLY, &MAC[..], &IP, &packet[8..18]].concat())
}

/// RFC 791: a packet for the peer, whole and without options.
fn ipv4(packet: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 20;
    let header = packet.get(..HEADER)?;
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3fff;
    let good = header[0] == 0x45
        && header[16..20] == IP
        && fragment == 0
        && checksum(&[header]) == 0
        && total >= HEADER;
    let payload = packet.get(HEADER..total).filter(|_| good)?;
    let (source, target) = (&header[12..16], &header[16..20]);
    let answer = match header[9] {
        ICMP => icmp(payload)?,
        UDP => udp(payload, source, target)?,
        _ => return None,
    };
    let mut reply = header.to_vec();
    // A new packet: its own time to live, no identification.
    reply[4..6].fill(0);
    reply[8] = 64;
    reply[10..12].fill(0);
    reply[12..16].copy_from_slice(target);
    reply[16..20].copy_from_slice(source);
    let sum = checksum(&[&reply]);
    reply[10..12].copy_from_slice(&sum.to_be_bytes());
    reply.extend(answer);
    Some(reply)
}

/// RFC 792: an echo.
fn icmp(message: &[u8]) -> Option<Vec<u8>> {
    const ECHO: [u8; 2] = [8, 0];
    if message.get(..2)? != ECHO || message.len() < 8 || checksum(&[message]) != 0 {
        return None;
    }
    let mut reply = message.to_vec();
    reply[..4].fill(0);
    let sum = checksum(&[&reply]);
    reply[2..4].copy_from_slice(&sum.to_be_bytes());
    Some(reply)
}

/// RFC 862 over RFC 768: an echo.
fn udp(datagram: &[u8], source: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    let header = datagram.get(..8)?;
    let len = u16::from_be_bytes([header[4], header[5]]);
    let datagram = datagram.get(..len.into()).filter(|datagram| datagram.len() >= 8)?;
    let pseudo = [source, target, &[0, UDP], &len.to_be_bytes()].concat();
    let unchecked = header[6..8] == [0, 0];
    if header[2..4] != ECHO_PORT || !(unchecked || checksum(&[&pseudo, datagram]) == 0) {
        return None;
    }
    let mut reply = datagram.to_vec();
    reply[..2].copy_from_slice(&header[2..4]);
    reply[2..4].copy_from_slice(&header[..2]);
    reply[6..8].fill(0);
    if !unchecked {
        // A sum of zero is written as its other form: zero means that there is none.
        let sum = match checksum(&[&pseudo, &reply]) {
            0 => u16::MAX,
            sum => sum,
        };
        reply[6..8].copy_from_slice(&sum.to_be_bytes());
    }
    Some(reply)
}

/// RFC 1071 over parts of which all but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |b| u32::from(*b));
    // At most 64 KiB are summed, so nothing overflows.
    let mut sum: u32 = parts.iter().flat_map(|part| part.chunks(2)).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUEST: [u8; 6] = [0x52, 0x54, 0, 1, 2, 3];
    const GUEST_IP: [u8; 4] = [192, 0, 2, 2];

    fn frame(kind: [u8; 2], payload: &[u8]) -> Vec<u8> {
        [&MAC[..], &GUEST, &kind, payload].concat()
    }

    fn packet(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0x45, 0, 0, 0, 0xab, 0xcd, 0x40, 0, 7, protocol, 0, 0];
        header.extend([GUEST_IP, IP].concat());
        header[2..4].copy_from_slice(&(20 + payload.len() as u16).to_be_bytes());
        let sum = checksum(&[&header]);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        [&header, payload].concat()
    }

    /// Catches an answer to the wrong question, or with the wrong addresses in it.
    #[test]
    fn answers_for_its_address_only() {
        let ask = |ip: [u8; 4]| {
            let head = [0, 1, 8, 0, 6, 4, 0, 1];
            let body = [&head, &GUEST[..], &GUEST_IP, &[0; 6], &ip].concat();
            answer(&[&BROADCAST[..], &GUEST, &TYPE_ARP, &body].concat())
        };
        let reply = ask(IP).unwrap();
        assert_eq!(reply[..14], [&GUEST[..], &MAC, &TYPE_ARP].concat());
        let head = [0, 1, 8, 0, 6, 4, 0, 2];
        assert_eq!(reply[14..], [&head, &MAC[..], &IP, &GUEST, &GUEST_IP].concat());
        assert_eq!(ask([192, 0, 2, 9]), None);
    }

    /// Catches echoes with wrong checksums, which a guest's stack would drop, and echoes of damaged packets.
    #[test]
    fn echoes_icmp_and_udp() {
        let mut ping = vec![8, 0, 0, 0, 1, 2, 0, 9, b'h', b'i', b'!'];
        let sum = checksum(&[&ping]);
        ping[2..4].copy_from_slice(&sum.to_be_bytes());
        let reply = answer(&frame(TYPE_IPV4, &packet(ICMP, &ping))).unwrap();
        assert_eq!(checksum(&[&reply[14..34]]), 0);
        assert_eq!((checksum(&[&reply[34..]]), &reply[38..]), (0, &ping[4..]));
        assert_eq!((&reply[26..30], &reply[30..34]), (&IP[..], &GUEST_IP[..]));
        ping[8] ^= 1;
        assert_eq!(answer(&frame(TYPE_IPV4, &packet(ICMP, &ping))), None);

        let mut datagram = vec![0x30, 0x39, 0, 7, 0, 11, 0, 0, b'a', b'b', b'c'];
        let pseudo = [&GUEST_IP[..], &IP, &[0, UDP, 0, 11]].concat();
        let sum = checksum(&[&pseudo, &datagram]);
        datagram[6..8].copy_from_slice(&sum.to_be_bytes());
        let reply = answer(&frame(TYPE_IPV4, &packet(UDP, &datagram))).unwrap();
        assert_eq!(reply[34..38], [0, 7, 0x30, 0x39]);
        assert_eq!(reply[42..], *b"abc");
        let pseudo = [&IP[..], &GUEST_IP, &[0, UDP, 0, 11]].concat();
        assert_eq!(checksum(&[&pseudo, &reply[34..]]), 0);
    }

    /// Catches a panic on a frame that lies about its lengths, and an answer to what is not for the peer.
    #[test]
    fn broken_frames_are_dropped() {
        let ping = [8, 0, 0xf7, 0xff, 0, 0, 0, 0];
        let good = frame(TYPE_IPV4, &packet(ICMP, &ping));
        assert!(answer(&good).is_some());
        for cut in 0..good.len() {
            assert_eq!(answer(&good[..cut]), None, "{cut} bytes");
        }
        for place in 0..good.len() {
            let mut wrong = good.clone();
            wrong[place] ^= 0x55;
            let _ = answer(&wrong);
        }
        let mut elsewhere = good;
        elsewhere[5] ^= 1;
        assert_eq!(answer(&elsewhere), None);
    }
}

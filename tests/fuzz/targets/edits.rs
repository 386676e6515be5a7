//! Changes to something that was minted: what a thief, a proxy or a broken disk could make of it.

/// `minted`, changed as `script` says, three bytes a change: what, where, and with which byte. An empty script changes
/// nothing.
pub fn edited(minted: &[u8], script: &[u8]) -> Vec<u8> {
    let mut bytes = minted.to_vec();
    for step in script.chunks_exact(3) {
        let [what, place, byte] = [step[0], step[1], step[2]];
        let at = usize::from(place) * bytes.len() / 256;
        match what % 8 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 if at < bytes.len() => bytes[at] ^= 1 << (byte % 8),
            2 => bytes.insert(at, byte),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            5 => bytes.push(byte),
            6 => bytes.rotate_left(at),
            7 => bytes.extend_from_within(at..bytes.len().min(at + usize::from(byte % 16))),
            _ => {}
        }
    }
    bytes
}

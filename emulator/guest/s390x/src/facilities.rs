//! Which facilities there are: what STORE FACILITY LIST tells, and nothing that is not so.

/// The numbers of the facilities that are installed (Principles of Operation, chapter 4, "Facility Indications"). Not among
/// them: decimal floating point, transactions, packed decimal in vectors, keys that are wrapped, topology, and what came after the z14.
pub const INSTALLED: &[u16] = &[
    0,   // The instructions that are marked N3.
    1,   // z/Architecture, installed
    2,   // and active.
    3,   // DAT enhancement
    4,   // with selective IDTE clearing: of segments
    5,   // and of regions.
    6,   // Reuse of address-space numbers.
    7,   // STORE FACILITY LIST EXTENDED.
    8,   // Enhanced DAT 1.
    9,   // Sense running status.
    10,  // Conditional SSKE.
    13,  // IPTE range.
    14,  // Nonquiescing key setting.
    16,  // Extended translation 2.
    17,  // Message-security assist.
    18,  // Long displacement,
    19,  // of high performance.
    21,  // Extended immediates.
    22,  // Extended translation 3.
    24,  // ETF2 enhancement.
    25,  // STORE CLOCK FAST.
    26,  // Parsing enhancement.
    27,  // MOVE WITH OPTIONAL SPECIFICATIONS.
    28,  // TOD clock steering.
    30,  // ETF3 enhancement.
    31,  // EXTRACT CPU TIME.
    32,  // COMPARE AND SWAP AND STORE,
    33,  // and its second part.
    34,  // General instructions extension.
    35,  // Execute extensions.
    37,  // Floating-point extension.
    40,  // LOAD PROGRAM PARAMETER.
    41,  // Floating-point support enhancement.
    45, // Distinct operands, fast BCR, high word, interlocked access 1, load/store on condition, population count.
    49, // Execution hint, load and trap, miscellaneous instruction extensions 1, processor assist.
    51, // Local TLB clearing.
    52, // Interlocked access 2.
    53, // Load/store on condition 2, load and zero rightmost byte.
    57, // Message-security-assist extension 5: random numbers.
    58, // Miscellaneous instruction extensions 2.
    66, // RESET REFERENCE BITS MULTIPLE.
    75, // Access-exception fetch/store indication.
    77, // Message-security-assist extension 4: counters, feedback, GHASH.
    78, // Enhanced DAT 2.
    129, // Vectors.
    130, // Instruction-execution protection.
    135, // Vector enhancements 1.
];

/// Whether a facility is installed.
#[must_use]
pub fn is_installed(number: u16) -> bool {
    INSTALLED.contains(&number)
}

/// The facility list, of as many doublewords as are needed.
#[must_use]
pub fn list() -> [u64; 4] {
    let mut list = [0; 4];
    for &number in INSTALLED {
        list[usize::from(number / 64)] |= 1 << (63 - number % 64);
    }
    list
}

//! Trials dealt out to several machines.
//!
//! Each machine lists the same trials and takes its own share of them: nobody has to tell the others what is left. nextest
//! does this by itself with `--partition`; this is for those who run the test program or xtask.

/// A share of the trials, in nextest's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    way: Way,
    /// Which share, from 1.
    share: u64,
    /// How many there are.
    shares: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// One after the other, as they are listed: shares are of the same size.
    Slice,
    /// By the name: a trial stays in its share when others come and go.
    Hash,
}

impl Partition {
    /// Reads `slice:3/16` or `hash:3/16`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no partition: write slice:3/16 or hash:3/16");
        let (way, numbers) = text.split_once(':').ok_or_else(wrong)?;
        let way = match way {
            "slice" => Way::Slice,
            "hash" => Way::Hash,
            _ => return Err(wrong()),
        };
        let (share, shares) = numbers.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
        let (share, shares) = (number(share)?, number(shares)?);
        if share == 0 || share > shares {
            return Err(format!("`{text}`: there is no share {share} of {shares}"));
        }
        Ok(Self { way, share, shares })
    }

    /// Whether the trial of this name, listed at this place, is in this share.
    #[must_use]
    pub fn has(&self, place: usize, name: &str) -> bool {
        let number = match self.way {
            Way::Slice => place as u64,
            Way::Hash => {
                let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(name.as_bytes()).as_bytes();
                u64::from_le_bytes([a, b, c, d, e, f, g, h])
            }
        };
        number % self.shares == self.share - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches trials that no machine runs, and trials that two run.
    #[test]
    fn every_trial_is_in_one_share() {
        for way in ["slice", "hash"] {
            for shares in [1, 2, 3, 16] {
                let partition = |share| Partition::parse(&format!("{way}:{share}/{shares}"));
                let all: Vec<_> = (1..=shares).map(|share| partition(share).unwrap()).collect();
                let mut sizes = vec![0; shares];
                for place in 0..1000 {
                    let name = format!("aarch64/hello/interp/none/os/seed-{place}");
                    let owners: Vec<_> =
                        (0..shares).filter(|share| all[*share].has(place, &name)).collect();
                    assert_eq!(owners.len(), 1, "{way} {shares}: {name}");
                    sizes[owners[0]] += 1;
                }
                let smallest = sizes.iter().min().unwrap();
                assert!(*smallest > 1000 / shares / 2, "{way} {shares}: {sizes:?}");
            }
        }
    }

    /// A share by name is for ever: what another machine found in share 2 of 4 is there on this one.
    #[test]
    fn shares_by_name_are_the_same_everywhere() {
        let partition = Partition::parse("hash:2/4").unwrap();
        let has =
            |seed: u32| partition.has(0, &format!("aarch64/hello/interp/none/os/seed-{seed}"));
        let found: Vec<_> = (0..20).filter(|seed| has(*seed)).collect();
        assert_eq!(found, [0, 11, 13, 14, 15, 16, 17]);
    }

    #[test]
    fn what_is_no_partition_is_told() {
        for (text, message) in [
            ("3/16", "write slice:3/16"),
            ("count:3/16", "write slice:3/16"),
            ("slice:3", "write slice:3/16"),
            ("slice:x/16", "write slice:3/16"),
            ("slice:0/16", "there is no share 0 of 16"),
            ("hash:17/16", "there is no share 17 of 16"),
            ("hash:0/0", "there is no share 0 of 0"),
        ] {
            assert!(Partition::parse(text).expect_err(text).contains(message), "{text}");
        }
    }
}

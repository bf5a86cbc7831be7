//! When a certificate ends: of all that is written in it the one thing that somebody must know in time.

use crate::time::At;
use tokio_rustls::rustls::sign::CertifiedKey;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When callers will trust it no more; `None` when that cannot be read out of it.
pub(super) fn end_of(key: &CertifiedKey) -> Option<At> {
    not_after(key.cert.first()?)
}

/// The end of a certificate's validity (RFC 5280, 4.1).
fn not_after(certificate: &[u8]) -> Option<At> {
    let (_, whole) = Der(certificate).next()?;
    let (_, signed) = Der(whole).next()?;
    // Version and number come first; the sequences are the algorithm, the issuer, the validity.
    let (_, validity) = Der(signed).filter(|(tag, _)| *tag == SEQUENCE).nth(2)?;
    let (tag, time) = Der(validity).nth(1)?;
    let time = std::str::from_utf8(time).ok()?;
    let time = match tag {
        // Two digits of the year, up to 2049.
        UTC_TIME if time < "50" => format!("20{time}"),
        UTC_TIME => format!("19{time}"),
        GENERALIZED_TIME => time.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| time.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    At::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// The values that follow each other: tag, and what is in it. Ends at what is none.
struct Der<'a>(&'a [u8]);

impl<'a> Iterator for Der<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length =
                    |so_far: usize, digit: &u8| so_far.checked_mul(256)?.checked_add((*digit).into());
                (digits.iter().try_fold(0, length)?, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn the_end_is_read_in_either_spelling_and_nothing_out_of_what_is_cut_short() {
        for (year, says) in [(2027, "2027-02-05T00:00:00Z"), (2061, "2061-02-05T00:00:00Z")] {
            let mut params = CertificateParams::new(vec!["bot.example.com".to_owned()]).expect("good");
            params.not_after = date_time_ymd(year, 2, 5);
            let key = KeyPair::generate().expect("a key");
            let certificate = params.self_signed(&key).expect("a certificate");
            let der = certificate.der();
            assert_eq!(not_after(der).expect("an end").to_string(), says);
            for length in 0..150 {
                assert_eq!(not_after(&der[..length]), None, "{length}");
            }
        }
        assert_eq!(not_after(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}

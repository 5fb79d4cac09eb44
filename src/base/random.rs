use aws_lc_rs::rand::{SecureRandom, SystemRandom as AwsLcRandom};

/// Where secrets come from. Passed in beside the clock.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` with cryptographically secure random data.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator, through AWS-LC.
#[derive(Debug, Default)]
pub struct SystemRandom(AwsLcRandom);

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if self.0.fill(bytes).is_err() {
            // Without randomness no secret may be made, and nothing the process could answer would be safe.
            std::process::abort();
        }
    }
}

//! Refresh rotations of one batch, inside the writer's transaction.

use super::driver::Connection;
use crate::storage::{FamilyRecord, Result, RotateFamily, Rotation};

/// The outcome of each request, in order.
pub async fn rotate_all(connection: &mut Connection, requests: &[&RotateFamily]) -> Result<Vec<Rotation>> {
    let mut outcomes = Vec::with_capacity(requests.len());
    for request in requests {
        let rotated: Option<FamilyRecord> = rotate!(request).fetch_optional(&mut *connection).await?;
        outcomes.push(match rotated {
            Some(family) => Rotation::Rotated(family),
            None => refused(connection, request).await?,
        });
    }
    Ok(outcomes)
}

async fn refused(connection: &mut Connection, request: &RotateFamily) -> Result<Rotation> {
    let outcome = refused_rotation!(connection, request);
    Ok(outcome)
}

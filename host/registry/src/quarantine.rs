//! Rows that are known to be unsteady, by suite and id.

use model::document::Kind;
use model::stability::Quarantined;

use crate::changing::put;
use crate::{Error, Registry, key};

impl Registry {
    /// Puts rows on the list; one that is there gets the reason and the time anew.
    ///
    /// # Errors
    ///
    /// `Invalid` where a name has a character that none may have.
    pub async fn quarantine(&self, rows: &[Quarantined]) -> Result<(), Error> {
        for row in rows {
            let key = key::of(&[&row.suite, &row.row])?;
            self.change(&key, async || Ok((vec![put(Kind::Quarantined, key.clone(), row)?], ()))).await?;
        }
        Ok(())
    }

    /// Takes a row off the list.
    ///
    /// # Errors
    ///
    /// `Missing` where it is not on it.
    pub async fn release(&self, suite: &str, row: &str) -> Result<(), Error> {
        let key = key::of(&[suite, row])?;
        self.change(&key, async || {
            let found = self.find::<Quarantined>(Kind::Quarantined, &key).await?;
            let found = found.ok_or_else(|| Error::missing("row in quarantine", row))?;
            Ok((vec![found.removed()], ()))
        })
        .await
    }

    /// The list of a suite, or of all of them, by suite and id.
    pub async fn quarantined(&self, suite: Option<&str>) -> Result<Vec<Quarantined>, Error> {
        let below = suite.map_or_else(|| Ok(String::new()), |suite| key::below(&[suite]))?;
        let found = self.all::<Quarantined>(Kind::Quarantined, &below).await?;
        Ok(found.into_iter().map(|found| found.value).collect())
    }
}

//! Label schemas, review queues with their items, issues.

use model::issue::Issue;
use model::review::{LabelSchema, ReviewItem, ReviewQueue};
use rusqlite::{Row, params};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{PAGE, Sqlite, begins, page};
use crate::Error;
use crate::source::Page;
use crate::wire::reviewed::{IssueRead, LabelSchemaRead, ReviewItemRead, ReviewQueueRead};

impl Sqlite {
    pub(super) fn all_label_schemas(&self, experiment: &str) -> Result<Page<LabelSchema>, Error> {
        if !self.has("label_schemas") {
            return Ok(Page::whole(Vec::new()));
        }
        let sql = format!(
            "SELECT schema_id, name, type, instruction, enable_comment, input_type, input_config, created_time, \
             last_update_time, {} FROM label_schemas WHERE experiment_id = ? ORDER BY rowid",
            self.column("label_schemas", "is_default"),
        );
        let rows = self.rows(&sql, [experiment], |row| {
            let input = row.get::<_, String>(5)?.to_lowercase();
            Ok(json!({
                "schema_id": row.get::<_, String>(0)?, "experiment_id": experiment, "name": row.get::<_, String>(1)?,
                "type": row.get::<_, String>(2)?, "instruction": row.get::<_, Option<String>>(3)?,
                "enable_comment": row.get::<_, bool>(4)?, "input": { input: parsed(row, 6)? },
                "created_at": row.get::<_, i64>(7)?, "last_updated_at": row.get::<_, i64>(8)?,
                "is_default": row.get::<_, Option<bool>>(9)?.unwrap_or_default(),
            }))
        })?;
        Ok(Page::read(rows, None, |row| read::<LabelSchemaRead>(row, "schema_id").map(LabelSchema::from)))
    }

    pub(super) fn all_review_queues(&self, experiment: &str) -> Result<Page<ReviewQueue>, Error> {
        if !self.has("review_queues") {
            return Ok(Page::whole(Vec::new()));
        }
        let sql = "SELECT queue_id, name, queue_type, created_by, creation_time_ms, last_update_time_ms FROM review_queues \
                   WHERE experiment_id = ? ORDER BY rowid";
        let mut rows = self.rows(sql, [experiment], |row| {
            Ok(json!({
                "queue_id": row.get::<_, String>(0)?, "experiment_id": experiment, "name": row.get::<_, String>(1)?,
                "queue_type": row.get::<_, String>(2)?, "created_by": row.get::<_, Option<String>>(3)?,
                "creation_time_ms": row.get::<_, i64>(4)?, "last_update_time_ms": row.get::<_, i64>(5)?,
            }))
        })?;
        for row in &mut rows {
            let id = row["queue_id"].as_str().unwrap_or_default().to_owned();
            let texts = |sql: &str| self.rows(sql, [&id], |row| row.get::<_, String>(0));
            row["users"] = json!(texts("SELECT user_id FROM review_queue_users WHERE queue_id = ?")?);
            let schemas =
                texts("SELECT schema_id FROM review_queue_label_schemas WHERE queue_id = ? ORDER BY schema_id")?;
            row["schema_ids"] = json!(schemas);
        }
        Ok(Page::read(rows, None, |row| read::<ReviewQueueRead>(row, "queue_id").map(ReviewQueue::from)))
    }

    pub(super) fn page_of_review_items(&self, queue: &str, after: Option<&str>) -> Result<Page<ReviewItem>, Error> {
        let sql = "SELECT rowid, item_id, status, completed_by, completed_time_ms, creation_time_ms, last_update_time_ms \
                   FROM review_queue_items WHERE queue_id = ? AND rowid > ? ORDER BY rowid LIMIT ?";
        let rows = self.rows(sql, params![queue, begins(after), PAGE as i64], |row| {
            let item = ReviewItemRead {
                queue_id: queue.to_owned(),
                item_id: row.get(1)?,
                status: row.get(2)?,
                completed_by: row.get(3)?,
                completed_time_ms: row.get(4)?,
                creation_time_ms: row.get(5)?,
                last_update_time_ms: row.get(6)?,
            };
            Ok((row.get(0)?, ReviewItem::from(item)))
        })?;
        Ok(page(rows, PAGE))
    }

    pub(super) fn page_of_issues(&self, experiment: &str, after: Option<&str>) -> Result<Page<Issue>, Error> {
        if !self.has("issues") {
            return Ok(Page::whole(Vec::new()));
        }
        let sql = format!(
            "SELECT rowid, issue_id, name, description, status, severity, root_causes, source_run_id, categories, \
             created_timestamp, last_updated_timestamp, created_by, {}, {}, {} FROM issues \
             WHERE experiment_id = ? AND rowid > ? ORDER BY rowid LIMIT ?",
            self.column("issues", "last_seen_timestamp"),
            self.column("issues", "last_updated_by"),
            self.column("issues", "metadata"),
        );
        let rows = self.rows(&sql, params![experiment, begins(after), PAGE as i64], |row| {
            let text = |column| row.get::<_, Option<String>>(column);
            let issue = json!({
                "issue_id": text(1)?, "experiment_id": experiment, "name": text(2)?, "description": text(3)?,
                "status": text(4)?, "severity": text(5)?, "root_causes": parsed(row, 6)?, "source_run_id": text(7)?,
                "categories": parsed(row, 8)?, "created_timestamp": row.get::<_, i64>(9)?,
                "last_updated_timestamp": row.get::<_, i64>(10)?, "created_by": text(11)?,
                "last_seen_timestamp": row.get::<_, Option<i64>>(12)?, "last_updated_by": text(13)?,
                "metadata": parsed(row, 14)?,
            });
            Ok((row.get(0)?, issue))
        })?;
        let rows = page(rows, PAGE);
        Ok(Page::read(rows.items, rows.next, |row| read::<IssueRead>(row, "issue_id").map(Issue::from)))
    }
}

/// JSON in a column.
fn parsed(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Value>> {
    Ok(row.get::<_, Option<String>>(column)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// A row that was put as the API has it. Fails with its id, and with what is wrong.
fn read<T: DeserializeOwned>(row: Value, id: &str) -> Result<T, (String, String)> {
    let id = row[id].as_str().unwrap_or_default().to_owned();
    serde_json::from_value(row).map_err(|error| (id, error.to_string()))
}

//! Label schemas, review queues with their items, issues.

use model::issue::Issue;
use model::review::{LabelSchema, ReviewItem, ReviewQueue};
use serde_json::json;

use super::client::Request;
use super::{PAGE, Rest};
use crate::Error;
use crate::source::Page;
use crate::wire::reviewed::{IssueRead, LabelSchemaRead, ReviewItemRead, ReviewQueueRead};

impl Rest {
    pub(super) async fn all_label_schemas(&self, experiment: &str) -> Result<Page<LabelSchema>, Error> {
        let request = Request::get("api/3.0/mlflow/label-schemas/list").query("experiment_id", experiment);
        self.page(request, "label_schemas", |read: LabelSchemaRead| Ok(read.into())).await
    }

    pub(super) async fn all_review_queues(&self, experiment: &str) -> Result<Page<ReviewQueue>, Error> {
        let mut all = Page::whole(Vec::new());
        let mut after: Option<String> = None;
        loop {
            let request = Request::get("api/3.0/mlflow/review-queues/list").query("experiment_id", experiment);
            let request = request.after(after.as_deref());
            let page = self.page(request, "review_queues", |read: ReviewQueueRead| Ok(read.into())).await?;
            all.items.extend(page.items);
            all.broken.extend(page.broken);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }

    pub(super) async fn page_of_review_items(
        &self,
        queue: &str,
        after: Option<&str>,
    ) -> Result<Page<ReviewItem>, Error> {
        let request = Request::get("api/3.0/mlflow/review-queues/items/list").query("queue_id", queue).after(after);
        self.page(request, "items", |read: ReviewItemRead| Ok(read.into())).await
    }

    pub(super) async fn page_of_issues(&self, experiment: &str, after: Option<&str>) -> Result<Page<Issue>, Error> {
        let body = json!({ "experiment_id": experiment, "max_results": PAGE, "page_token": after });
        let request = Request::ask("api/3.0/mlflow/issues/search", body);
        self.page(request, "issues", |read: IssueRead| Ok(read.into())).await
    }
}

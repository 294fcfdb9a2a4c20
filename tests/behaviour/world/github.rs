//! The service that gives tokens to a job of GitHub Actions, on loopback.

use super::LocalSts;
use super::run::Invocation;
use super::sts::random;
use super::web::{Asked, Reply, Web};
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};

/// A reply instead of a token; it gets the job's secret.
type Instead = Box<dyn Fn(&str) -> Reply + Send>;

/// A job whose workflow has `permissions: id-token: write`.
pub struct Job {
    pub web: Web,
    /// The value of `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub secret: String,
    instead: Arc<Mutex<Vec<Instead>>>,
}

impl Job {
    /// Starts the service. STS accepts the tokens that it gives, and no output of aws-auth may show them or the secret.
    pub fn new(sts: &LocalSts) -> Self {
        let secret = random::identifier("ghs");
        sts.hide(&secret);
        let instead: Arc<Mutex<Vec<Instead>>> = Arc::default();
        let (make, replies, expected) = (sts.web_identities(), Arc::clone(&instead), format!("Bearer {secret}"));
        let of_job = secret.clone();
        let web = Web::start(move |asked: &Asked| {
            if let Some(reply) = replies.lock().unwrap_or_else(PoisonError::into_inner).pop() {
                return reply(&of_job);
            }
            if asked.method != "GET" || !asked.target.starts_with("/42//idtoken/job?api-version=2.0&audience=") {
                return Reply::Text(404, String::new());
            }
            if asked.header("authorization") != expected {
                return Reply::Text(401, json!({"message": "Unauthorized"}).to_string());
            }
            let token = make("repo:example/infrastructure:ref:refs/heads/main");
            Reply::Json(json!({"count": 1, "value": token}))
        });
        Self { web, secret, instead }
    }

    /// Answers the next requests so, as many times.
    pub fn instead(&self, times: usize, reply: impl Fn(&str) -> Reply + Send + Clone + 'static) {
        let mut instead = self.instead.lock().unwrap_or_else(PoisonError::into_inner);
        instead.extend((0..times).map(|_| Box::new(reply.clone()) as Instead));
    }

    /// A run within the job.
    pub fn within<'w>(&self, run: Invocation<'w>) -> Invocation<'w> {
        run.env("GITHUB_ACTIONS", "true")
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/42//idtoken/job?api-version=2.0", self.web.endpoint()))
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &self.secret)
    }
}

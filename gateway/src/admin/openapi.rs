//! The OpenAPI page of the administrator's listener. Its schemas come from the types that are sent; each part of [`api`](super::api) describes its
//! requests beside its routes, with a line for each.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::wire::ErrorBody;

/// The description of all requests.
pub struct Page {
    /// Makes schemas of what is sent to the listener.
    asked: SchemaGenerator,
    /// Makes schemas of what the listener answers.
    answered: SchemaGenerator,
    paths: Map<String, Value>,
}

/// A request that is being described.
pub struct Operation<'a> {
    page: &'a mut Page,
    method: &'static str,
    path: &'static str,
}

impl Page {
    /// A page without requests.
    pub fn new() -> Page {
        let settings = || SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
        Page { asked: settings().into_generator(), answered: settings().for_serialize().into_generator(), paths: Map::new() }
    }

    /// A request that changes nothing.
    pub fn get(&mut self, path: &'static str, summary: &str) -> Operation<'_> {
        self.add("get", path, summary)
    }

    /// A request that does something.
    pub fn post(&mut self, path: &'static str, summary: &str) -> Operation<'_> {
        self.add("post", path, summary)
    }

    /// A request that changes something that exists.
    pub fn patch(&mut self, path: &'static str, summary: &str) -> Operation<'_> {
        self.add("patch", path, summary)
    }

    fn add(&mut self, method: &'static str, path: &'static str, summary: &str) -> Operation<'_> {
        let error = self.answered.subschema_for::<ErrorBody>();
        let failure = json!({ "description": "An error", "content": { "application/json": { "schema": error } } });
        let operation = json!({
            "summary": summary,
            "parameters": in_path(path),
            "responses": { "404": failure, "422": failure, "503": failure },
        });
        let item = self.paths.entry(path).or_insert_with(|| json!({}));
        item[method] = operation;
        Operation { page: self, method, path }
    }

    /// The page as JSON.
    pub fn finish(mut self) -> Value {
        let mut schemas = self.answered.take_definitions(true);
        schemas.extend(self.asked.take_definitions(true));
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "uis-gateway: the administrator's listener",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Over the Unix socket without a token; over an address of this machine with `Authorization: Bearer TOKEN`.",
            },
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "security": [{}, { "token": [] }],
            "paths": self.paths,
            "components": { "schemas": schemas, "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
        })
    }
}

impl Default for Page {
    fn default() -> Self {
        Page::new()
    }
}

impl Operation<'_> {
    fn members(&mut self) -> &mut Value {
        &mut self.page.paths[self.path][self.method]
    }

    /// The members of the query.
    pub fn queried<T: JsonSchema>(mut self) -> Self {
        // The query's members are parameters of their own, so the type itself is no schema of the page.
        let schema = self.page.asked.root_schema_for::<T>();
        let members = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let parameters = members.into_iter().map(|(name, mut schema)| {
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            json!({ "name": name, "in": "query", "required": false, "description": description.unwrap_or_else(|| "".into()), "schema": schema })
        });
        if let Some(known) = self.members()["parameters"].as_array_mut() {
            known.extend(parameters);
        }
        self
    }

    /// The body.
    pub fn takes<T: JsonSchema>(mut self) -> Self {
        let schema: Schema = self.page.asked.subschema_for::<T>();
        self.members()["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        self
    }

    /// The answer.
    pub fn gives<T: JsonSchema>(mut self) {
        let schema: Schema = self.page.answered.subschema_for::<T>();
        self.members()["responses"]["200"] = json!({ "description": "Done", "content": { "application/json": { "schema": schema } } });
    }

    /// An answer that is no JSON.
    pub fn gives_text(mut self, kind: &str) {
        self.members()["responses"]["200"] = json!({ "description": "Text", "content": { kind: { "schema": { "type": "string" } } } });
    }
}

/// The parameters in a path.
fn in_path(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })).collect()
}

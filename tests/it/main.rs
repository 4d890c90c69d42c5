mod import;
mod import_published_plan;

"""The pages that links in mails lead to: parse, call the pipeline, show."""

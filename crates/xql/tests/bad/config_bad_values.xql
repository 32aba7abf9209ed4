config case_sensitive = maybe max_runtime_minutes = soon | dataset = a

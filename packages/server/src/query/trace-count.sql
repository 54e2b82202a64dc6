-- How many spans one trace has, also when it is shown cut.
SELECT count() AS spans FROM traces WHERE trace_id = {trace_id:String}

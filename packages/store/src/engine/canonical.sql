SELECT formatQuerySingleLine({sql:String})

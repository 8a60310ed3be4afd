param name string
param location string
param tags object
param displayName string
param alertDescription string

@description('0 critical, 1 error, 2 warning, 3 informational.')
@minValue(0)
@maxValue(3)
param severity int

@description('Looks at what arrived since the last evaluation, or at the whole window, and returns one row for each thing to report: the columns of dimensions, and failures (a count).')
param query string

@description('Between two evaluations, ISO 8601.')
param frequency string

@description('How far back the query sees, ISO 8601; twice the frequency at least, for what arrives late.')
param window string

@description('Evaluations in a row that must find it before it is told.')
param evaluations int

@description('Whether the alert is over when the query finds nothing any more.')
param endsByItself bool

@description('Columns of text that tell the rows apart and that the email shows.')
param dimensions string[]

param applicationInsightsId string
param actionGroupId string

// Each row of the answer is a finding of its own, so that the email says of what, why, and since when.
resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: displayName
    description: alertDescription
    severity: severity
    enabled: true
    // The component, not the workspace: the query then uses the table and column names of Application Insights.
    scopes: [applicationInsightsId]
    evaluationFrequency: frequency
    windowSize: window
    criteria: {
      allOf: [
        {
          query: query
          timeAggregation: 'Total'
          metricMeasureColumn: 'failures'
          dimensions: [
            for column in dimensions: {
              name: column
              operator: 'Include'
              values: ['*']
            }
          ]
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: evaluations
            minFailingPeriodsToAlert: evaluations
          }
        }
      ]
    }
    autoMitigate: endsByItself
    actions: {
      actionGroups: [actionGroupId]
    }
  }
}

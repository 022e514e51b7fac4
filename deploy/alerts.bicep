// What somebody must hear of, by mail. Each query gives a row for each thing that is wrong, and none where all is well.
param location string
param tags object
param suffix string
param insightsId string
param email string

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-dcr-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'dcr-bridge'
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

var rules = [
  {
    name: 'requests-fail'
    description: 'Callers get errors of the bridge. docs/errors.md names the causes.'
    query: loadTextContent('queries/requests-fail.kql')
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    threshold: 5
  }
  {
    name: 'settings-are-wrong'
    description: 'A setting is missing or wrong, and what reads it does not work. The log line names it.'
    query: loadTextContent('queries/settings-are-wrong.kql')
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
    threshold: 0
  }
  {
    name: 'audit-fails'
    description: 'A run of the audit ended early, or one of its sinks failed.'
    query: loadTextContent('queries/audit-fails.kql')
    severity: 2
    every: 'PT1H'
    window: 'PT1H'
    threshold: 0
  }
  {
    name: 'audit-is-missing'
    description: 'No audit for 25 hours: the timer stands still. Restart the app.'
    query: loadTextContent('queries/audit-is-missing.kql')
    severity: 1
    every: 'PT1H'
    window: 'P2D'
    threshold: 0
  }
  {
    name: 'clients-are-in-trouble'
    description: 'The audit found news of high severity: a secret that ends within days, or a client that can not work.'
    query: loadTextContent('queries/clients-are-in-trouble.kql')
    severity: 2
    every: 'PT1H'
    window: 'PT1H'
    threshold: 0
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: 'dcr-${rule.name}-${suffix}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'DCR bridge: ${rule.name}'
    description: rule.description
    enabled: true
    severity: rule.severity
    scopes: [insightsId]
    evaluationFrequency: rule.every
    windowSize: rule.window
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: rule.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [operators.id]
    }
  }
}]

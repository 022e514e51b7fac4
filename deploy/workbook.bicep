// What the bridge's log tells, in tables and charts: `python -m local.workbook` makes workbook.json of queries/workbook.
param location string
param tags object
param suffix string
param insightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid('dcr-bridge', suffix)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Entra DCR Bridge'
    category: 'workbook'
    version: 'Notebook/1.0'
    serializedData: loadTextContent('workbook.json')
    sourceId: insightsId
  }
}

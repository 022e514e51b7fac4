# The Makefile's main targets for Windows, with uv: ./make.ps1 setup | run | tour | emulator | test | test-fast | check
param([Parameter(Position = 0)][string]$Target = "help")
$ErrorActionPreference = "Stop"
Set-Location $PSScriptRoot
$Python = ".venv/Scripts/python.exe"

function Invoke-Step {
    & $args[0] @($args | Select-Object -Skip 1)
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

function Initialize-Environment {
    if (-not (Get-Command uv -ErrorAction SilentlyContinue)) { throw "uv is needed: https://docs.astral.sh/uv/" }
    if (-not (Test-Path $Python)) { Invoke-Step uv venv --python 3.13 .venv }
    Invoke-Step uv pip sync --quiet --python $Python --require-hashes requirements-dev.txt
}

$Steps = @{
    "setup"     = @()
    "run"       = @(, @("-m", "local.run"))
    "tour"      = @(, @("-m", "local.tour"))
    "emulator"  = @(, @("-m", "emulator"))
    "test"      = @(, @("-m", "pytest"))
    "test-fast" = @(, @("-m", "pytest", "-q", "-m", "not slow", "tests/unit", "tests/template"))
    "check"     = @(@("-m", "ruff", "check", "."), @("-m", "ruff", "format", "--check", "."), @("-m", "mypy"), @("-m", "tests.house"))
}
if (-not $Steps.ContainsKey($Target)) {
    Write-Host "usage: ./make.ps1 $(($Steps.Keys | Sort-Object) -join ' | ')"
    exit 2
}
Initialize-Environment
foreach ($Step in $Steps[$Target]) { Invoke-Step $Python @Step }

# Build the addon's libraries for Windows, debug and release, into godot/addons/ludus/bin.
# usage: setup/addon.ps1    in a "x64 Native Tools" prompt of Visual Studio; see docs/how-to/build-the-addon.md
$ErrorActionPreference = "Stop"
$PSNativeCommandUseErrorActionPreference = $true

python setup/cuda_headers.py .native/cuda
# CMake takes a backslash for an escape.
$env:IREE_CUDA_DEPS_DIR = "$PWD/.native/cuda".Replace("\", "/")
$build = if ($env:CARGO_TARGET_DIR) { $env:CARGO_TARGET_DIR } else { "$PWD/native/target" }
$bin = New-Item -ItemType Directory -Force godot/addons/ludus/bin
Push-Location native
foreach ($kind in "debug", "release") {
    $profile_name = if ($kind -eq "debug") { "dev" } else { "release" }
    cargo build --locked --profile $profile_name --package ludus-godot
    Copy-Item "$build/$kind/ludus_godot.dll" "$bin/libludus.windows.template_$kind.x86_64.dll"
}
Pop-Location

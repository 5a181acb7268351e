# Writes a C++ source that holds the files of the status page:
# cmake -DOUTPUT=FILE -DSTYLE=A.css -DSCRIPT=B.js -P status_assets.cmake
function(read_asset file extension result)
  file(READ "${file}" text)
  file(SHA256 "${file}" digest)
  string(SUBSTRING "${digest}" 0 12 digest)
  set(${result}_path "static/status-${digest}.${extension}" PARENT_SCOPE)
  set(${result}_text "R\"tallybell(${text})tallybell\"" PARENT_SCOPE)
endfunction()

read_asset("${STYLE}" css style)
read_asset("${SCRIPT}" js script)
file(WRITE "${OUTPUT}" "// Generated from engine/serve/status_page.css and status_page.js.
#include \"engine/serve/status_assets.h\"

namespace tallybell {

const StatusAsset& StatusStyle() {
  static constexpr StatusAsset kStyle = {\"${style_path}\", \"text/css; charset=utf-8\", ${style_text}};
  return kStyle;
}

const StatusAsset& StatusScript() {
  static constexpr StatusAsset kScript = {\"${script_path}\", \"text/javascript; charset=utf-8\", ${script_text}};
  return kScript;
}

}  // namespace tallybell
")

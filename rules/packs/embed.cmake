# Writes a C++ source that holds every pack: cmake -DOUTPUT=FILE -DPACKS=A.yaml,B.yaml -P embed.cmake
string(REPLACE "," ";" PACKS "${PACKS}")
set(entries "")
foreach(path IN LISTS PACKS)
  get_filename_component(name "${path}" NAME_WE)
  file(READ "${path}" text)
  string(APPEND entries "    {\"${name}\", R\"tallybell(${text})tallybell\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Generated from rules/packs.
#include \"rules/packs.h\"

namespace tallybell {

absl::Span<const Pack> BuiltInPacks() {
  static constexpr Pack kPacks[] = {
${entries}  };
  return kPacks;
}

}  // namespace tallybell
")

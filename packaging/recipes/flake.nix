{
  description = "Run a command with the credentials of an AWS profile";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs = { self, nixpkgs }:
    let
      version = "@VERSION@";
      # The static binaries of Linux need no dynamic linker, which NixOS keeps elsewhere.
      archives = {
        x86_64-linux = {
          triple = "x86_64-unknown-linux-musl";
          sha256 = "@SHA256 x86_64-unknown-linux-musl@";
        };
        aarch64-linux = {
          triple = "aarch64-unknown-linux-musl";
          sha256 = "@SHA256 aarch64-unknown-linux-musl@";
        };
        # @begin aarch64-apple-darwin@
        x86_64-darwin = {
          triple = "x86_64-apple-darwin";
          sha256 = "@SHA256 x86_64-apple-darwin@";
        };
        aarch64-darwin = {
          triple = "aarch64-apple-darwin";
          sha256 = "@SHA256 aarch64-apple-darwin@";
        };
        # @end@
      };
      package = system: { triple, sha256 }:
        let pkgs = nixpkgs.legacyPackages.${system};
        in pkgs.stdenvNoCC.mkDerivation {
          pname = "aws-auth";
          inherit version;
          src = pkgs.fetchurl {
            url = "@REPOSITORY@/releases/download/v${version}/aws-auth-${version}-${triple}.tar.gz";
            inherit sha256;
          };
          dontConfigure = true;
          dontBuild = true;
          dontStrip = true;
          installPhase = ''
            runHook preInstall
            mkdir -p "$out"
            cp -R bin share "$out"
            runHook postInstall
          '';
          meta = {
            description = "Run a command with the credentials of an AWS profile";
            homepage = "@REPOSITORY@";
            license = pkgs.lib.licenses.mit;
            mainProgram = "aws-auth";
            platforms = builtins.attrNames archives;
          };
        };
    in {
      packages = builtins.mapAttrs (system: archive: rec {
        aws-auth = package system archive;
        default = aws-auth;
      }) archives;
    };
}

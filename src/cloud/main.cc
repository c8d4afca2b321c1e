#include "cli/launcher.h"
#include "cloud/cloud.h"

int main(int argc, char** argv) { return dew::cli::run(argc, argv, dew::cloud::launch); }

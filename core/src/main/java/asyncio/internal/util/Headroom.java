package asyncio.internal.util;

/**
 * Makes sure that there is stack left before the state of a loop changes. A program with runaway
 * recursion then fails with its StackOverflowError before the change or after it, not in the
 * middle, with a coroutine half parked or a lock half released.
 *
 * <p>The JVM does not say how much stack is left; it throws when a frame does not fit. So this
 * class creates a frame that is larger than everything the work needs, and gives it back
 * immediately. A compiler makes a frame as large as the values that are alive at once in any branch
 * of a method, whichever branch is taken. Here it is a branch that is taken now and then, so that
 * it is not compiled away. This costs about 3 ns for 3.3 KiB; interpreted frames are twice as
 * large, but so are those of the work.
 *
 * <p>Acquiring demands more than releasing, so whatever was acquired at some depth can be released
 * there.
 */
public final class Headroom {
  /** For a change that suspends nobody, such as a release or a signal. */
  public static final int CHANGE = 1;

  /** For a wait that suspends on the mounted carrier, by the JDK's own park. */
  public static final int MOUNTED_WAIT = 2;

  /**
   * For a wait on the portable carrier, where the suspending coroutine wakes the next one and sends
   * its bytes.
   */
  public static final int PORTABLE_WAIT = 4;

  private static final int LOCALS = 400;

  /** The large branch is taken once in this many calls. */
  private static final int SELDOM = 1024;

  // Written by any thread without ordering: the sums do not matter.
  private static final long[] t = new long[LOCALS];

  private Headroom() {}

  /**
   * Throws StackOverflowError now if it might otherwise be thrown later.
   *
   * @param frames how many large frames must fit
   * @param call a number that the caller increments with each call, so that no two loops write the
   *     same counter
   */
  public static void ensure(int frames, int call) {
    probe(frames, call & (SELDOM - 1));
  }

  @SuppressWarnings("MultiVariableDeclaration") // as many as the frame must hold
  private static void probe(int frames, int turn) {
    if (turn == 0) {
      long v0 = t[0], v1 = t[1], v2 = t[2], v3 = t[3], v4 = t[4], v5 = t[5], v6 = t[6], v7 = t[7];
      long v8 = t[8], v9 = t[9], v10 = t[10], v11 = t[11], v12 = t[12], v13 = t[13], v14 = t[14];
      long v15 = t[15], v16 = t[16], v17 = t[17], v18 = t[18], v19 = t[19], v20 = t[20];
      long v21 = t[21], v22 = t[22], v23 = t[23], v24 = t[24], v25 = t[25], v26 = t[26];
      long v27 = t[27], v28 = t[28], v29 = t[29], v30 = t[30], v31 = t[31], v32 = t[32];
      long v33 = t[33], v34 = t[34], v35 = t[35], v36 = t[36], v37 = t[37], v38 = t[38];
      long v39 = t[39], v40 = t[40], v41 = t[41], v42 = t[42], v43 = t[43], v44 = t[44];
      long v45 = t[45], v46 = t[46], v47 = t[47], v48 = t[48], v49 = t[49], v50 = t[50];
      long v51 = t[51], v52 = t[52], v53 = t[53], v54 = t[54], v55 = t[55], v56 = t[56];
      long v57 = t[57], v58 = t[58], v59 = t[59], v60 = t[60], v61 = t[61], v62 = t[62];
      long v63 = t[63], v64 = t[64], v65 = t[65], v66 = t[66], v67 = t[67], v68 = t[68];
      long v69 = t[69], v70 = t[70], v71 = t[71], v72 = t[72], v73 = t[73], v74 = t[74];
      long v75 = t[75], v76 = t[76], v77 = t[77], v78 = t[78], v79 = t[79], v80 = t[80];
      long v81 = t[81], v82 = t[82], v83 = t[83], v84 = t[84], v85 = t[85], v86 = t[86];
      long v87 = t[87], v88 = t[88], v89 = t[89], v90 = t[90], v91 = t[91], v92 = t[92];
      long v93 = t[93], v94 = t[94], v95 = t[95], v96 = t[96], v97 = t[97], v98 = t[98];
      long v99 = t[99], v100 = t[100], v101 = t[101], v102 = t[102], v103 = t[103], v104 = t[104];
      long v105 = t[105], v106 = t[106], v107 = t[107], v108 = t[108], v109 = t[109], v110 = t[110];
      long v111 = t[111], v112 = t[112], v113 = t[113], v114 = t[114], v115 = t[115], v116 = t[116];
      long v117 = t[117], v118 = t[118], v119 = t[119], v120 = t[120], v121 = t[121], v122 = t[122];
      long v123 = t[123], v124 = t[124], v125 = t[125], v126 = t[126], v127 = t[127], v128 = t[128];
      long v129 = t[129], v130 = t[130], v131 = t[131], v132 = t[132], v133 = t[133], v134 = t[134];
      long v135 = t[135], v136 = t[136], v137 = t[137], v138 = t[138], v139 = t[139], v140 = t[140];
      long v141 = t[141], v142 = t[142], v143 = t[143], v144 = t[144], v145 = t[145], v146 = t[146];
      long v147 = t[147], v148 = t[148], v149 = t[149], v150 = t[150], v151 = t[151], v152 = t[152];
      long v153 = t[153], v154 = t[154], v155 = t[155], v156 = t[156], v157 = t[157], v158 = t[158];
      long v159 = t[159], v160 = t[160], v161 = t[161], v162 = t[162], v163 = t[163], v164 = t[164];
      long v165 = t[165], v166 = t[166], v167 = t[167], v168 = t[168], v169 = t[169], v170 = t[170];
      long v171 = t[171], v172 = t[172], v173 = t[173], v174 = t[174], v175 = t[175], v176 = t[176];
      long v177 = t[177], v178 = t[178], v179 = t[179], v180 = t[180], v181 = t[181], v182 = t[182];
      long v183 = t[183], v184 = t[184], v185 = t[185], v186 = t[186], v187 = t[187], v188 = t[188];
      long v189 = t[189], v190 = t[190], v191 = t[191], v192 = t[192], v193 = t[193], v194 = t[194];
      long v195 = t[195], v196 = t[196], v197 = t[197], v198 = t[198], v199 = t[199], v200 = t[200];
      long v201 = t[201], v202 = t[202], v203 = t[203], v204 = t[204], v205 = t[205], v206 = t[206];
      long v207 = t[207], v208 = t[208], v209 = t[209], v210 = t[210], v211 = t[211], v212 = t[212];
      long v213 = t[213], v214 = t[214], v215 = t[215], v216 = t[216], v217 = t[217], v218 = t[218];
      long v219 = t[219], v220 = t[220], v221 = t[221], v222 = t[222], v223 = t[223], v224 = t[224];
      long v225 = t[225], v226 = t[226], v227 = t[227], v228 = t[228], v229 = t[229], v230 = t[230];
      long v231 = t[231], v232 = t[232], v233 = t[233], v234 = t[234], v235 = t[235], v236 = t[236];
      long v237 = t[237], v238 = t[238], v239 = t[239], v240 = t[240], v241 = t[241], v242 = t[242];
      long v243 = t[243], v244 = t[244], v245 = t[245], v246 = t[246], v247 = t[247], v248 = t[248];
      long v249 = t[249], v250 = t[250], v251 = t[251], v252 = t[252], v253 = t[253], v254 = t[254];
      long v255 = t[255], v256 = t[256], v257 = t[257], v258 = t[258], v259 = t[259], v260 = t[260];
      long v261 = t[261], v262 = t[262], v263 = t[263], v264 = t[264], v265 = t[265], v266 = t[266];
      long v267 = t[267], v268 = t[268], v269 = t[269], v270 = t[270], v271 = t[271], v272 = t[272];
      long v273 = t[273], v274 = t[274], v275 = t[275], v276 = t[276], v277 = t[277], v278 = t[278];
      long v279 = t[279], v280 = t[280], v281 = t[281], v282 = t[282], v283 = t[283], v284 = t[284];
      long v285 = t[285], v286 = t[286], v287 = t[287], v288 = t[288], v289 = t[289], v290 = t[290];
      long v291 = t[291], v292 = t[292], v293 = t[293], v294 = t[294], v295 = t[295], v296 = t[296];
      long v297 = t[297], v298 = t[298], v299 = t[299], v300 = t[300], v301 = t[301], v302 = t[302];
      long v303 = t[303], v304 = t[304], v305 = t[305], v306 = t[306], v307 = t[307], v308 = t[308];
      long v309 = t[309], v310 = t[310], v311 = t[311], v312 = t[312], v313 = t[313], v314 = t[314];
      long v315 = t[315], v316 = t[316], v317 = t[317], v318 = t[318], v319 = t[319], v320 = t[320];
      long v321 = t[321], v322 = t[322], v323 = t[323], v324 = t[324], v325 = t[325], v326 = t[326];
      long v327 = t[327], v328 = t[328], v329 = t[329], v330 = t[330], v331 = t[331], v332 = t[332];
      long v333 = t[333], v334 = t[334], v335 = t[335], v336 = t[336], v337 = t[337], v338 = t[338];
      long v339 = t[339], v340 = t[340], v341 = t[341], v342 = t[342], v343 = t[343], v344 = t[344];
      long v345 = t[345], v346 = t[346], v347 = t[347], v348 = t[348], v349 = t[349], v350 = t[350];
      long v351 = t[351], v352 = t[352], v353 = t[353], v354 = t[354], v355 = t[355], v356 = t[356];
      long v357 = t[357], v358 = t[358], v359 = t[359], v360 = t[360], v361 = t[361], v362 = t[362];
      long v363 = t[363], v364 = t[364], v365 = t[365], v366 = t[366], v367 = t[367], v368 = t[368];
      long v369 = t[369], v370 = t[370], v371 = t[371], v372 = t[372], v373 = t[373], v374 = t[374];
      long v375 = t[375], v376 = t[376], v377 = t[377], v378 = t[378], v379 = t[379], v380 = t[380];
      long v381 = t[381], v382 = t[382], v383 = t[383], v384 = t[384], v385 = t[385], v386 = t[386];
      long v387 = t[387], v388 = t[388], v389 = t[389], v390 = t[390], v391 = t[391], v392 = t[392];
      long v393 = t[393], v394 = t[394], v395 = t[395], v396 = t[396], v397 = t[397], v398 = t[398];
      long v399 = t[399];
      mix();
      long sum = 0;
      sum += v0 ^ v1 ^ v2 ^ v3 ^ v4 ^ v5 ^ v6 ^ v7 ^ v8 ^ v9 ^ v10 ^ v11 ^ v12 ^ v13 ^ v14 ^ v15;
      sum += v16 ^ v17 ^ v18 ^ v19 ^ v20 ^ v21 ^ v22 ^ v23 ^ v24 ^ v25 ^ v26 ^ v27 ^ v28 ^ v29;
      sum += v30 ^ v31 ^ v32 ^ v33 ^ v34 ^ v35 ^ v36 ^ v37 ^ v38 ^ v39 ^ v40 ^ v41 ^ v42 ^ v43;
      sum += v44 ^ v45 ^ v46 ^ v47 ^ v48 ^ v49 ^ v50 ^ v51 ^ v52 ^ v53 ^ v54 ^ v55 ^ v56 ^ v57;
      sum += v58 ^ v59 ^ v60 ^ v61 ^ v62 ^ v63 ^ v64 ^ v65 ^ v66 ^ v67 ^ v68 ^ v69 ^ v70 ^ v71;
      sum += v72 ^ v73 ^ v74 ^ v75 ^ v76 ^ v77 ^ v78 ^ v79 ^ v80 ^ v81 ^ v82 ^ v83 ^ v84 ^ v85;
      sum += v86 ^ v87 ^ v88 ^ v89 ^ v90 ^ v91 ^ v92 ^ v93 ^ v94 ^ v95 ^ v96 ^ v97 ^ v98 ^ v99;
      sum += v100 ^ v101 ^ v102 ^ v103 ^ v104 ^ v105 ^ v106 ^ v107 ^ v108 ^ v109 ^ v110 ^ v111;
      sum += v112 ^ v113 ^ v114 ^ v115 ^ v116 ^ v117 ^ v118 ^ v119 ^ v120 ^ v121 ^ v122 ^ v123;
      sum += v124 ^ v125 ^ v126 ^ v127 ^ v128 ^ v129 ^ v130 ^ v131 ^ v132 ^ v133 ^ v134 ^ v135;
      sum += v136 ^ v137 ^ v138 ^ v139 ^ v140 ^ v141 ^ v142 ^ v143 ^ v144 ^ v145 ^ v146 ^ v147;
      sum += v148 ^ v149 ^ v150 ^ v151 ^ v152 ^ v153 ^ v154 ^ v155 ^ v156 ^ v157 ^ v158 ^ v159;
      sum += v160 ^ v161 ^ v162 ^ v163 ^ v164 ^ v165 ^ v166 ^ v167 ^ v168 ^ v169 ^ v170 ^ v171;
      sum += v172 ^ v173 ^ v174 ^ v175 ^ v176 ^ v177 ^ v178 ^ v179 ^ v180 ^ v181 ^ v182 ^ v183;
      sum += v184 ^ v185 ^ v186 ^ v187 ^ v188 ^ v189 ^ v190 ^ v191 ^ v192 ^ v193 ^ v194 ^ v195;
      sum += v196 ^ v197 ^ v198 ^ v199 ^ v200 ^ v201 ^ v202 ^ v203 ^ v204 ^ v205 ^ v206 ^ v207;
      sum += v208 ^ v209 ^ v210 ^ v211 ^ v212 ^ v213 ^ v214 ^ v215 ^ v216 ^ v217 ^ v218 ^ v219;
      sum += v220 ^ v221 ^ v222 ^ v223 ^ v224 ^ v225 ^ v226 ^ v227 ^ v228 ^ v229 ^ v230 ^ v231;
      sum += v232 ^ v233 ^ v234 ^ v235 ^ v236 ^ v237 ^ v238 ^ v239 ^ v240 ^ v241 ^ v242 ^ v243;
      sum += v244 ^ v245 ^ v246 ^ v247 ^ v248 ^ v249 ^ v250 ^ v251 ^ v252 ^ v253 ^ v254 ^ v255;
      sum += v256 ^ v257 ^ v258 ^ v259 ^ v260 ^ v261 ^ v262 ^ v263 ^ v264 ^ v265 ^ v266 ^ v267;
      sum += v268 ^ v269 ^ v270 ^ v271 ^ v272 ^ v273 ^ v274 ^ v275 ^ v276 ^ v277 ^ v278 ^ v279;
      sum += v280 ^ v281 ^ v282 ^ v283 ^ v284 ^ v285 ^ v286 ^ v287 ^ v288 ^ v289 ^ v290 ^ v291;
      sum += v292 ^ v293 ^ v294 ^ v295 ^ v296 ^ v297 ^ v298 ^ v299 ^ v300 ^ v301 ^ v302 ^ v303;
      sum += v304 ^ v305 ^ v306 ^ v307 ^ v308 ^ v309 ^ v310 ^ v311 ^ v312 ^ v313 ^ v314 ^ v315;
      sum += v316 ^ v317 ^ v318 ^ v319 ^ v320 ^ v321 ^ v322 ^ v323 ^ v324 ^ v325 ^ v326 ^ v327;
      sum += v328 ^ v329 ^ v330 ^ v331 ^ v332 ^ v333 ^ v334 ^ v335 ^ v336 ^ v337 ^ v338 ^ v339;
      sum += v340 ^ v341 ^ v342 ^ v343 ^ v344 ^ v345 ^ v346 ^ v347 ^ v348 ^ v349 ^ v350 ^ v351;
      sum += v352 ^ v353 ^ v354 ^ v355 ^ v356 ^ v357 ^ v358 ^ v359 ^ v360 ^ v361 ^ v362 ^ v363;
      sum += v364 ^ v365 ^ v366 ^ v367 ^ v368 ^ v369 ^ v370 ^ v371 ^ v372 ^ v373 ^ v374 ^ v375;
      sum += v376 ^ v377 ^ v378 ^ v379 ^ v380 ^ v381 ^ v382 ^ v383 ^ v384 ^ v385 ^ v386 ^ v387;
      sum += v388 ^ v389 ^ v390 ^ v391 ^ v392 ^ v393 ^ v394 ^ v395 ^ v396 ^ v397 ^ v398 ^ v399;
      t[0] = sum;
    }
    if (frames > 1) {
      probe(frames - 1, turn);
    }
  }

  /** A call between the reads and the sum, across which all values must be kept. */
  private static void mix() {
    for (int i = 0; i < LOCALS; i++) {
      t[i] += i;
    }
  }
}
